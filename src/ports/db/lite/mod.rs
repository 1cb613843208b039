//! SQLite for sqlx's words: `Encode`, `Decode` and `FromRow` as everywhere, without sqlx's driver.
//!
//! That driver keeps a thread for each connection and hands it one statement after the other. A statement
//! here takes some ten microseconds; waking a thread and being woken again takes as long, and made up nearly
//! half of what a message cost. So a statement runs where it is asked for. What takes longer goes to a thread
//! after all (`link.rs`).

mod cells;
mod link;
mod nobody;
mod row;
mod values;

pub(super) use link::LOCK_WAIT;
pub use link::{Ask, LiteLink};
pub use row::LiteRow;

use sqlx::Database;

/// SQLite as a database of sqlx.
#[derive(Debug)]
pub struct Lite;

impl Database for Lite {
    type Connection = nobody::Nobody;
    type TransactionManager = nobody::Nobody;
    type Row = LiteRow;
    type QueryResult = nobody::Nothing;
    type Column = row::LiteColumn;
    type TypeInfo = values::Kind;
    type Value = values::LiteValue;
    type ValueRef<'r> = values::LiteRef<'r>;
    type Arguments = values::LiteArguments;
    type ArgumentBuffer = cells::Cells;
    type Statement = nobody::Nobody;

    const NAME: &'static str = "SQLite";
    const URL_SCHEMES: &'static [&'static str] = &[];
}
