//! A row that was read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::{Column, ColumnIndex, Error, Row};

use crate::ports::db::lite::Lite;
use crate::ports::db::lite::cells::Cells;
use crate::ports::db::lite::values::{Kind, LiteRef};

/// A column by its name and place.
#[derive(Debug)]
pub struct LiteColumn {
    ordinal: usize,
    name: Box<str>,
}

impl LiteColumn {
    /// The columns of a statement.
    pub(super) fn all(statement: &rusqlite::Statement) -> Arc<[LiteColumn]> {
        let names = statement.column_names();
        names.iter().enumerate().map(|(ordinal, name)| LiteColumn { ordinal, name: (*name).into() }).collect()
    }
}

impl Column for LiteColumn {
    type Database = Lite;

    fn ordinal(&self) -> usize {
        self.ordinal
    }

    fn name(&self) -> &str {
        &self.name
    }

    // A cell knows its kind, a column does not.
    fn type_info(&self) -> &Kind {
        &Kind::Null
    }
}

/// A row that was read.
#[derive(Debug)]
pub struct LiteRow {
    columns: Arc<[LiteColumn]>,
    cells: Cells,
    /// The place after the one asked for last: whoever reads a whole row asks for the columns as they stand.
    next: AtomicUsize,
}

impl LiteRow {
    /// A row with nothing in it yet.
    pub(super) fn empty(columns: &Arc<[LiteColumn]>) -> LiteRow {
        LiteRow {
            columns: columns.clone(),
            cells: Cells::with_capacity(columns.len()),
            next: AtomicUsize::new(0),
        }
    }

    /// Copies the row a statement stands on, in place of what was there.
    pub(super) fn fill(&mut self, row: &rusqlite::Row) -> Result<(), rusqlite::Error> {
        self.cells.clear();
        for place in 0..self.columns.len() {
            self.cells.push(row.get_ref(place)?);
        }
        Ok(())
    }

    fn is_named(&self, place: usize, name: &str) -> bool {
        self.columns.get(place).is_some_and(|column| &*column.name == name)
    }
}

impl Row for LiteRow {
    type Database = Lite;

    fn columns(&self) -> &[LiteColumn] {
        &self.columns
    }

    fn try_get_raw<I: ColumnIndex<Self>>(&self, index: I) -> Result<LiteRef<'_>, Error> {
        let index = index.index(self)?;
        let cell = self.cells.get(index);
        Ok(LiteRef(cell.ok_or(Error::ColumnIndexOutOfBounds { len: self.cells.len(), index })?))
    }
}

sqlx_core::impl_column_index_for_row!(LiteRow);

impl ColumnIndex<LiteRow> for str {
    fn index(&self, row: &LiteRow) -> Result<usize, Error> {
        let next = row.next.load(Ordering::Relaxed);
        let found = match row.is_named(next, self) {
            true => Some(next),
            false => (0..row.columns.len()).find(|place| row.is_named(*place, self)),
        };
        let found = found.ok_or_else(|| Error::ColumnNotFound(self.to_owned()))?;
        row.next.store(found + 1, Ordering::Relaxed);
        Ok(found)
    }
}
