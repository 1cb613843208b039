//! One SQL text for both engines.

/// Runs a statement; gives the number of rows it touched.
#[macro_export]
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $tx.link() {
            $crate::ports::db::Link::Sqlite(link) => {
                $crate::ports::db::in_step(link.execute($crate::__ask!($sql $(, $arg)*))).await
            }
            $crate::ports::db::Link::Postgres(link) => {
                sqlx::query::<sqlx::Postgres>($sql)$(.bind($arg))*.execute(link).await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::ports::DbError::from)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __ask {
    ($sql:expr) => { $crate::ports::db::Ask::new($sql) };
    ($sql:expr, $($arg:expr),+) => {{
        let mut ask = $crate::ports::db::Ask::new($sql);
        $(ask.bind($arg);)+
        ask
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __fetch {
    ($how:ident, $tx:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $tx.link() {
            $crate::ports::db::Link::Sqlite(link) => {
                $crate::ports::db::in_step(link.$how::<$row>($crate::__ask!($sql $(, $arg)*))).await
            }
            $crate::ports::db::Link::Postgres(link) => {
                sqlx::query_as::<sqlx::Postgres, $row>($sql)$(.bind($arg))*.$how(link).await
            }
        }
        .map_err($crate::ports::DbError::from)
    };
}

/// Reads exactly one row as the given type.
#[macro_export]
macro_rules! fetch_one {
    ($($rest:tt)*) => { $crate::__fetch!(fetch_one, $($rest)*) };
}

/// Reads one row or none.
#[macro_export]
macro_rules! fetch_optional {
    ($($rest:tt)*) => { $crate::__fetch!(fetch_optional, $($rest)*) };
}

/// Reads all rows.
#[macro_export]
macro_rules! fetch_all {
    ($($rest:tt)*) => { $crate::__fetch!(fetch_all, $($rest)*) };
}
