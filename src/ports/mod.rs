//! The outside world, each as a small trait in our words with its adapters.

pub mod embedder;
