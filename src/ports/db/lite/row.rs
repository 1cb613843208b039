//! A row that was read.

use std::ops::Range;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use sqlx::{Column, ColumnIndex, Error, Row};

use crate::ports::db::lite::Lite;
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

/// A row that was read: its cells, and the bytes of its texts one after the other.
#[derive(Debug)]
pub struct LiteRow {
    columns: Arc<[LiteColumn]>,
    cells: Vec<Cell>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Range<usize>),
    Blob(Range<usize>),
}

impl LiteRow {
    /// Copies the row a statement stands on.
    pub(super) fn copy(columns: &Arc<[LiteColumn]>, row: &rusqlite::Row) -> Result<LiteRow, rusqlite::Error> {
        let mut copy =
            LiteRow { columns: columns.clone(), cells: Vec::with_capacity(columns.len()), bytes: Vec::new() };
        for place in 0..columns.len() {
            let cell = match row.get_ref(place)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(value) => Cell::Integer(value),
                ValueRef::Real(value) => Cell::Real(value),
                ValueRef::Text(text) => Cell::Text(copy.keep(text)),
                ValueRef::Blob(blob) => Cell::Blob(copy.keep(blob)),
            };
            copy.cells.push(cell);
        }
        Ok(copy)
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        from..self.bytes.len()
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
        let cell = cell.ok_or(Error::ColumnIndexOutOfBounds { len: self.cells.len(), index })?;
        Ok(LiteRef(match cell {
            Cell::Null => ValueRef::Null,
            Cell::Integer(value) => ValueRef::Integer(*value),
            Cell::Real(value) => ValueRef::Real(*value),
            Cell::Text(place) => ValueRef::Text(&self.bytes[place.clone()]),
            Cell::Blob(place) => ValueRef::Blob(&self.bytes[place.clone()]),
        }))
    }
}

sqlx_core::impl_column_index_for_row!(LiteRow);

impl ColumnIndex<LiteRow> for str {
    fn index(&self, row: &LiteRow) -> Result<usize, Error> {
        let found = row.columns.iter().position(|column| &*column.name == self);
        found.ok_or_else(|| Error::ColumnNotFound(self.to_owned()))
    }
}
