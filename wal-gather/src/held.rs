//! Frames that are not written yet, and when they must be.

/// Bytes that are held at most: what SQLite writes in one call of the system.
const MOST: usize = 0x1_ffff;

/// Length of a frame's header.
const HEADER: usize = 24;

/// A result code of SQLite that says what went wrong.
pub(crate) type Code = std::ffi::c_int;

/// Where held frames are written to: bytes, and their place in the file.
pub(crate) trait Write: FnMut(&[u8], i64) -> Result<(), Code> {}

impl<F: FnMut(&[u8], i64) -> Result<(), Code>> Write for F {}

/// Frames of one transaction, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Held {
    start: i64,
    bytes: Vec<u8>,
    /// Where the page of a transaction's last frame will be written, once its header is held.
    last_page: Option<i64>,
}

impl Held {
    /// Takes a piece; writes it together with what is held if nothing may be held any longer. After an error the
    /// piece was not taken.
    pub(crate) fn write(&mut self, piece: &[u8], at: i64, mut out: impl Write) -> Result<(), Code> {
        let ends = self.last_page.take() == Some(at);
        if at != self.end() || self.bytes.len() + piece.len() > MOST {
            self.flush(&mut out)?;
        }
        let kind = kind(piece);
        if self.bytes.is_empty() {
            // Only a frame that says that more will follow begins something that may be held.
            if kind != Kind::Frame {
                return out(piece, at);
            }
            self.start = at;
        }
        self.bytes.extend_from_slice(piece);
        match kind {
            Kind::LastFrame => self.last_page = Some(self.end()),
            _ if ends => return self.end_transaction(out),
            _ => {}
        }
        Ok(())
    }

    /// Writes what is held; after an error it is still held.
    pub(crate) fn flush(&mut self, mut out: impl Write) -> Result<(), Code> {
        if !self.bytes.is_empty() {
            out(&self.bytes, self.start)?;
            self.bytes.clear();
        }
        Ok(())
    }

    /// After an error the transaction is undone, and nothing of it is wanted.
    fn end_transaction(&mut self, mut out: impl Write) -> Result<(), Code> {
        let written = out(&self.bytes, self.start);
        self.bytes.clear();
        written
    }

    /// Where the next piece goes if it belongs to those that are held.
    fn end(&self) -> i64 {
        self.start.saturating_add_unsigned(self.bytes.len() as u64)
    }
}

/// What a piece is, by its length and what it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The header of a frame after which others come.
    Frame,
    /// The header of a transaction's last frame.
    LastFrame,
    /// A page, or the log's own header.
    Other,
}

fn kind(piece: &[u8]) -> Kind {
    // Bytes 4 to 8: pages of the file after the transaction; 0 if the frame is not its last.
    match piece.get(4..8) {
        Some([0, 0, 0, 0]) if piece.len() == HEADER => Kind::Frame,
        Some(_) if piece.len() == HEADER => Kind::LastFrame,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FULL: Code = 13;
    const PAGE: usize = 512;

    /// A header; the page that follows it is filled with `fill`.
    fn frame(last: bool, fill: u8) -> [Vec<u8>; 2] {
        let mut header = vec![fill; HEADER];
        header[4..8].fill(u8::from(last));
        [header, vec![fill; PAGE]]
    }

    fn place(at: usize) -> i64 {
        i64::try_from(at).expect("small")
    }

    /// A file in memory, and how long each write to it was.
    #[derive(Default)]
    struct File {
        bytes: Vec<u8>,
        writes: Vec<usize>,
        full: bool,
    }

    impl File {
        fn put(&mut self, piece: &[u8], at: i64) -> Result<(), Code> {
            if self.full {
                return Err(FULL);
            }
            let at = usize::try_from(at).expect("not negative");
            self.bytes.resize(self.bytes.len().max(at + piece.len()), 0);
            self.bytes[at..at + piece.len()].copy_from_slice(piece);
            self.writes.push(piece.len());
            Ok(())
        }
    }

    /// Writes frames from `at` on; gives where they end.
    fn write(held: &mut Held, file: &mut File, frames: usize, at: usize) -> Result<usize, Code> {
        let mut at = at;
        for number in 1..=frames {
            for piece in frame(number == frames, 7) {
                held.write(&piece, place(at), |bytes, at| file.put(bytes, at))?;
                at += piece.len();
            }
        }
        Ok(at)
    }

    #[test]
    fn a_transaction_is_written_at_once() {
        let (mut held, mut file) = (Held::default(), File::default());
        let end = write(&mut held, &mut file, 10, 32).expect("written");
        assert_eq!(file.writes, [10 * (HEADER + PAGE)]);
        write(&mut held, &mut file, 2, end).expect("written");
        assert_eq!(file.writes.len(), 2);
    }

    #[test]
    fn a_single_frame_and_what_is_no_frame_are_not_held() {
        let (mut held, mut file) = (Held::default(), File::default());
        held.write(&[1; 32], 0, |bytes, at| file.put(bytes, at)).expect("written");
        write(&mut held, &mut file, 1, 32).expect("written");
        assert_eq!(file.writes, [32, HEADER, PAGE]);
    }

    #[test]
    fn no_write_is_longer_than_the_system_takes() {
        let (mut held, mut file) = (Held::default(), File::default());
        let end = write(&mut held, &mut file, 2_000, 0).expect("written");
        assert_eq!(file.bytes.len(), end);
        assert!(file.writes.iter().all(|length| *length <= MOST));
        assert!(file.writes.len() < 20, "{:?}", file.writes);
    }

    #[test]
    fn what_cannot_be_written_is_told_and_held_but_for_a_transaction_that_ends() {
        let (mut held, mut file) = (Held::default(), File { full: true, ..File::default() });
        assert_eq!(write(&mut held, &mut file, 3, 0), Err(FULL), "the end is refused");
        assert_eq!(held.flush(|bytes, at| file.put(bytes, at)), Ok(()), "and nothing of it is held");
        let [header, page] = frame(false, 9);
        held.write(&header, 0, |bytes, at| file.put(bytes, at)).expect("held");
        held.write(&page, 24, |bytes, at| file.put(bytes, at)).expect("held");
        assert_eq!(held.flush(|bytes, at| file.put(bytes, at)), Err(FULL));
        assert_eq!(held.write(&page, 5_000, |bytes, at| file.put(bytes, at)), Err(FULL), "and not taken");
        file.full = false;
        held.flush(|bytes, at| file.put(bytes, at)).expect("there is room again");
        assert_eq!(file.bytes, [header, page].concat());
    }

    #[derive(Debug, Clone)]
    enum Step {
        /// Frames of a transaction at a frame's place; the last one ends it.
        Frames(usize, usize, bool),
        /// A piece of any length anywhere, as when a page is written a second time.
        Piece(usize, usize),
        Flush,
    }

    proptest! {
        /// The file ends as if everything had been written where it came, and a transaction's end is never held.
        #[test]
        fn the_file_is_what_was_written(steps in proptest::collection::vec(prop_oneof![
            4 => (0..40_usize, 1..300_usize, any::<bool>()).prop_map(|(at, count, ends)| Step::Frames(at, count, ends)),
            3 => (0..9_000_usize, 1..600_usize).prop_map(|(at, length)| Step::Piece(at, length)),
            1 => Just(Step::Flush),
        ], 1..40)) {
            let (mut held, mut file, mut plain) = (Held::default(), File::default(), File::default());
            for (step, fill) in steps.into_iter().zip(1_u8..) {
                match step {
                    Step::Frames(at, count, ends) => {
                        let mut at = 32 + at * (HEADER + PAGE);
                        for number in 1..=count {
                            for piece in frame(ends && number == count, fill) {
                                held.write(&piece, place(at), |bytes, at| file.put(bytes, at)).expect("written");
                                plain.put(&piece, place(at)).expect("written");
                                at += piece.len();
                            }
                        }
                        if ends {
                            prop_assert!(file.bytes == plain.bytes);
                        }
                    }
                    Step::Piece(at, length) => {
                        let piece = vec![fill; length];
                        held.write(&piece, place(at), |bytes, at| file.put(bytes, at)).expect("written");
                        plain.put(&piece, place(at)).expect("written");
                    }
                    Step::Flush => held.flush(|bytes, at| file.put(bytes, at)).expect("written"),
                }
            }
            held.flush(|bytes, at| file.put(bytes, at)).expect("written");
            prop_assert!(file.bytes == plain.bytes);
        }
    }
}
