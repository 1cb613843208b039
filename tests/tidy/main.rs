//! Keeps the house in order: floors, vendors, forbidden words, licences, generated documents. No server.

mod documents;
mod floors;
mod licences;
mod sources;
mod statements;
mod text;
