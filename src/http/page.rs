//! Pages of a list, by opaque cursors that stay right while rows are inserted.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::Timestamp;
use crate::http::Problem;
use crate::protocol::ErrorCode;

/// Rows on a page unless told otherwise.
const DEFAULT_LIMIT: i64 = 50;

/// Most rows on a page.
const MAX_LIMIT: i64 = 200;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Give this as `cursor` to get the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which page is wanted.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows per page, 1 to 200; 50 if absent.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Where a page begins: the time and identifier of the last row before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cursor<I> {
    /// The row's time.
    pub at: Timestamp,
    /// The row's identifier, which settles equal times.
    pub id: I,
}

impl<I: Display + FromStr> Cursor<I> {
    /// The cursor as clients carry it.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{}", self.at.as_micros(), self.id))
    }

    /// A cursor that was kept as clients carry it.
    pub fn read(text: &str) -> Option<Self> {
        Self::decode(text)
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (at, id) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
        Some(Cursor { at: Timestamp::from_micros(at.parse().ok()?), id: id.parse().ok()? })
    }
}

impl PageQuery {
    /// Rows per page.
    pub fn limit(&self) -> Result<i64, Problem> {
        match self.limit.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(limit),
            limit => Err(Problem::new(
                ErrorCode::InvalidField,
                format!("limit is {limit}; it must be from 1 to {MAX_LIMIT}"),
            )),
        }
    }

    /// Where the page begins.
    pub fn cursor<I: Display + FromStr>(&self) -> Result<Option<Cursor<I>>, Problem> {
        match &self.cursor {
            None => Ok(None),
            Some(text) => Cursor::decode(text).map(Some).ok_or_else(|| {
                Problem::new(ErrorCode::InvalidField, "cursor is not one that this list gave; leave it out")
            }),
        }
    }
}

impl<T> Page<T> {
    /// Makes a page of rows that were asked for with one more than `limit`.
    pub fn of<I: Display + FromStr>(
        mut rows: Vec<T>,
        limit: i64,
        cursor: impl Fn(&T) -> Cursor<I>,
    ) -> Page<T> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| cursor(row).encode());
        Page { items: rows, next }
    }

    /// Changes every row.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}
