//! Understanding text without a network: what is asked, what is known, what is said back.

pub mod fields;
