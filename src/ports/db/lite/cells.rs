//! Values one after the other: a row that was read, or what a statement is asked with.

use std::ops::Range;

use rusqlite::types::ValueRef;

/// Values, and the bytes of their texts one after the other: two pieces of memory, however many texts there are.
#[derive(Debug, Default)]
pub struct Cells {
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

impl Cells {
    /// Room for so many values.
    pub(super) fn with_capacity(count: usize) -> Cells {
        Cells { cells: Vec::with_capacity(count), bytes: Vec::new() }
    }

    pub(super) fn reserve(&mut self, additional: usize) {
        self.cells.reserve(additional);
    }

    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Forgets the values, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.bytes.clear();
    }

    /// Adds a copy of a value.
    pub(super) fn push(&mut self, value: ValueRef<'_>) {
        let cell = match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Integer(value),
            ValueRef::Real(value) => Cell::Real(value),
            ValueRef::Text(text) => Cell::Text(self.keep(text)),
            ValueRef::Blob(blob) => Cell::Blob(self.keep(blob)),
        };
        self.cells.push(cell);
    }

    /// The value at a place, counted from 0.
    pub(super) fn get(&self, place: usize) -> Option<ValueRef<'_>> {
        Some(match self.cells.get(place)? {
            Cell::Null => ValueRef::Null,
            Cell::Integer(value) => ValueRef::Integer(*value),
            Cell::Real(value) => ValueRef::Real(*value),
            Cell::Text(place) => ValueRef::Text(&self.bytes[place.clone()]),
            Cell::Blob(place) => ValueRef::Blob(&self.bytes[place.clone()]),
        })
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        from..self.bytes.len()
    }
}
