//! Documents made here, read in this process.
