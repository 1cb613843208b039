//! Reader of the model file: a vocabulary and named tensors, most of them in blocks of few bits.
//!
//! Layout, little endian: `MLM1`, length of the vocabulary (u32), number of tensors (u32), the vocabulary
//! (one piece a line), then for each tensor: length of its name (u16), kind (u8), rows, columns and bytes
//! (u32 each), name, data. `make_minilm.py` beside this file writes it.

use std::collections::HashMap;

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelFault {
    /// It ends too early or does not begin with the mark.
    #[error("the model file is cut short or is no model file")]
    Malformed,
    /// A tensor has a kind this reader does not know.
    #[error("the model file holds a tensor of unknown kind {0}")]
    Kind(u8),
    /// A tensor the model needs is not there or has another shape.
    #[error("the model file lacks the tensor {0}")]
    Missing(String),
}

/// How a tensor's numbers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// 32-bit floats.
    F32,
    /// Blocks of 32 signed bytes under one half-precision scale.
    Q8,
    /// Blocks of 32 four-bit numbers under one half-precision scale.
    Q4,
}

impl Kind {
    fn of(code: u8) -> Result<Self, ModelFault> {
        match code {
            0 => Ok(Self::F32),
            2 => Ok(Self::Q4),
            8 => Ok(Self::Q8),
            other => Err(ModelFault::Kind(other)),
        }
    }
}

/// One tensor as it lies in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tensor<'a> {
    kind: Kind,
    rows: usize,
    columns: usize,
    data: &'a [u8],
}

impl Tensor<'_> {
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// All numbers, row after row.
    pub(crate) fn decode(&self) -> Vec<f32> {
        let mut numbers = Vec::with_capacity(self.rows * self.columns);
        decode(self.kind, self.data, &mut numbers);
        numbers
    }

    /// Appends the numbers of one row; a row beyond the end appends nothing.
    pub(crate) fn decode_row(&self, row: usize, numbers: &mut Vec<f32>) {
        let bytes = self.data.len() / self.rows.max(1);
        if let Some(data) = self.data.get(row * bytes..(row + 1) * bytes) {
            decode(self.kind, data, numbers);
        }
    }
}

fn decode(kind: Kind, data: &[u8], numbers: &mut Vec<f32>) {
    match kind {
        Kind::F32 => numbers.extend(data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))),
        Kind::Q8 => {
            for [low, high, block @ ..] in data.as_chunks::<34>().0 {
                let scale = half(u16::from_le_bytes([*low, *high]));
                numbers.extend(block.iter().map(|byte| f32::from(byte.cast_signed()) * scale));
            }
        }
        Kind::Q4 => {
            for [low, high, block @ ..] in data.as_chunks::<18>().0 {
                let scale = half(u16::from_le_bytes([*low, *high]));
                numbers.extend(block.iter().map(|byte| (f32::from(byte & 15) - 8.0) * scale));
                numbers.extend(block.iter().map(|byte| (f32::from(byte >> 4) - 8.0) * scale));
            }
        }
    }
}

/// A half-precision number; infinities do not occur in a model file.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = u32::from(bits >> 10) & 31;
    let mantissa = u32::from(bits & 0x3ff);
    let magnitude = match exponent {
        0 => f32::from(bits & 0x3ff) * 2.0_f32.powi(-24),
        _ => f32::from_bits((exponent + 112) << 23 | mantissa << 13),
    };
    sign * magnitude
}

/// A model file taken apart, nothing decoded yet.
pub(crate) struct ModelFile<'a> {
    pub(crate) vocabulary: &'a str,
    tensors: HashMap<&'a str, Tensor<'a>>,
}

impl<'a> ModelFile<'a> {
    pub(crate) fn read(file: &'a [u8]) -> Result<Self, ModelFault> {
        let mut reader = Reader { left: file };
        if reader.take(4)? != b"MLM1" {
            return Err(ModelFault::Malformed);
        }
        let vocabulary_bytes = reader.number()?;
        let count = reader.number()?;
        let vocabulary = reader.text(vocabulary_bytes)?;
        let mut tensors = HashMap::new();
        for _ in 0..count {
            let name_bytes = usize::from(u16::from_le_bytes(reader.bytes()?));
            let [code] = reader.bytes()?;
            let kind = Kind::of(code)?;
            let (rows, columns, bytes) = (reader.number()?, reader.number()?, reader.number()?);
            let name = reader.text(name_bytes)?;
            let data = reader.take(bytes)?;
            tensors.insert(name, Tensor { kind, rows, columns, data });
        }
        Ok(Self { vocabulary, tensors })
    }

    pub(crate) fn tensor(&self, name: &str) -> Result<Tensor<'a>, ModelFault> {
        self.tensors.get(name).copied().ok_or_else(|| ModelFault::Missing(name.to_owned()))
    }
}

struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], ModelFault> {
        let (taken, left) = self.left.split_at_checked(length).ok_or(ModelFault::Malformed)?;
        self.left = left;
        Ok(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], ModelFault> {
        self.take(N)?.try_into().map_err(|_| ModelFault::Malformed)
    }

    fn number(&mut self) -> Result<usize, ModelFault> {
        usize::try_from(u32::from_le_bytes(self.bytes()?)).map_err(|_| ModelFault::Malformed)
    }

    fn text(&mut self, length: usize) -> Result<&'a str, ModelFault> {
        std::str::from_utf8(self.take(length)?).map_err(|_| ModelFault::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_numbers_are_read() {
        for (bits, number) in
            [(0x0000, 0.0), (0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x0001, 5.960_464_5e-8)]
        {
            assert_eq!(half(bits), number);
        }
    }

    #[test]
    fn a_four_bit_block_holds_its_first_half_in_the_low_bits() {
        let mut block = vec![0x00, 0x3c];
        block.extend([0x98; 16]);
        let mut numbers = Vec::new();
        decode(Kind::Q4, &block, &mut numbers);
        assert_eq!(numbers[..16], [0.0; 16]);
        assert_eq!(numbers[16..], [1.0; 16]);
    }

    #[test]
    fn a_file_cut_short_is_refused_at_every_length() {
        let mut file = b"MLM1".to_vec();
        file.extend(2_u32.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        file.extend(b"a\n");
        file.extend(1_u16.to_le_bytes());
        file.push(0);
        for number in [1_u32, 1, 4] {
            file.extend(number.to_le_bytes());
        }
        file.extend(b"t");
        file.extend(2.5_f32.to_le_bytes());
        for length in 0..file.len() {
            assert!(ModelFile::read(&file[..length]).is_err(), "{length} bytes were taken for a model");
        }
        let model = ModelFile::read(&file).expect("the whole file is well formed");
        assert_eq!(model.tensor("t").expect("the tensor is there").decode(), [2.5]);
    }
}
