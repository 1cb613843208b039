//! What the tests share: a store on each engine.

mod postgres;
mod store;

pub use store::{Store, on_each_store};
