//! What sqlx wants a database to have and nothing of ours asks for: connections of its own, transactions,
//! prepared statements. Nobody has a value of these types.

use std::str::FromStr;

use sqlx::{ConnectOptions, Connection, Either, Error, SqlStr, Statement, Transaction};
use sqlx_core::transaction::TransactionManager;

use crate::ports::db::lite::Lite;
use crate::ports::db::lite::row::LiteColumn;
use crate::ports::db::lite::values::{Kind, LiteArguments};

/// There is none.
#[derive(Debug, Clone)]
pub enum Nobody {}

/// What became of a statement; `Link` says it otherwise.
#[derive(Debug, Default)]
pub struct Nothing;

impl Extend<Nothing> for Nothing {
    fn extend<T: IntoIterator<Item = Nothing>>(&mut self, _: T) {}
}

impl FromStr for Nobody {
    type Err = Error;

    fn from_str(_: &str) -> Result<Self, Error> {
        Err(Error::Configuration("the store opens its own connections".into()))
    }
}

impl ConnectOptions for Nobody {
    type Connection = Nobody;

    fn from_url(url: &url::Url) -> Result<Self, Error> {
        url.as_str().parse()
    }

    async fn connect(&self) -> Result<Nobody, Error> {
        match *self {}
    }

    fn log_statements(self, _: log::LevelFilter) -> Self {
        self
    }

    fn log_slow_statements(self, _: log::LevelFilter, _: std::time::Duration) -> Self {
        self
    }
}

impl Connection for Nobody {
    type Database = Lite;
    type Options = Nobody;

    async fn close(self) -> Result<(), Error> {
        match self {}
    }

    async fn close_hard(self) -> Result<(), Error> {
        match self {}
    }

    async fn ping(&mut self) -> Result<(), Error> {
        match *self {}
    }

    async fn begin(&mut self) -> Result<Transaction<'_, Lite>, Error> {
        match *self {}
    }

    fn shrink_buffers(&mut self) {
        match *self {}
    }

    async fn flush(&mut self) -> Result<(), Error> {
        match *self {}
    }

    fn should_flush(&self) -> bool {
        match *self {}
    }
}

impl TransactionManager for Nobody {
    type Database = Lite;

    async fn begin(nobody: &mut Nobody, _: Option<SqlStr>) -> Result<(), Error> {
        match *nobody {}
    }

    async fn commit(nobody: &mut Nobody) -> Result<(), Error> {
        match *nobody {}
    }

    async fn rollback(nobody: &mut Nobody) -> Result<(), Error> {
        match *nobody {}
    }

    fn start_rollback(nobody: &mut Nobody) {
        match *nobody {}
    }

    fn get_transaction_depth(nobody: &Nobody) -> usize {
        match *nobody {}
    }
}

impl Statement for Nobody {
    type Database = Lite;

    fn into_sql(self) -> SqlStr {
        match self {}
    }

    fn sql(&self) -> &SqlStr {
        match *self {}
    }

    fn parameters(&self) -> Option<Either<&[Kind], usize>> {
        match *self {}
    }

    fn columns(&self) -> &[LiteColumn] {
        match *self {}
    }

    sqlx_core::impl_statement_query!(LiteArguments);
}
