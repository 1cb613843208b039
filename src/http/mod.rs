//! What every HTTP route shares: problems, strict JSON, pages.
//!
//! Routes are thin: extract, begin, one verb, commit.

mod json;
mod page;
mod problem;

pub use json::{Json, Path, Query};
pub use page::{Cursor, Page, PageQuery};
pub use problem::{Problem, ProblemBody};
