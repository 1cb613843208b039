//! Dense arithmetic of the forward pass: matrix products, layer norms and the two curves.
//!
//! Weights are laid out once in panels of sixteen outputs, so that the inner loops are plain arrays the
//! compiler turns into vector instructions; `pulp` picks the widest set the processor has at run time.

use pulp::{Arch, Simd, WithSimd};

use crate::weights::{ModelFault, ModelFile};

/// Outputs computed together.
const LANES: usize = 16;
/// Rows computed together: as many running sums as fit the registers.
const ROWS: usize = 6;

/// A layer `y = x W' + b`.
pub(crate) struct Linear {
    inputs: usize,
    outputs: usize,
    panels: Vec<[f32; LANES]>,
    bias: Vec<f32>,
}

/// The product of a matrix of `inner` columns and one of `inner` rows and `columns` columns, row after row.
pub fn product(left: &[f32], right: &[f32], inner: usize, columns: usize) -> Vec<f32> {
    if inner == 0 || columns == 0 {
        return Vec::new();
    }
    let outputs = columns.next_multiple_of(LANES);
    let mut panels = vec![[0.0; LANES]; inner * outputs / LANES];
    for (input, row) in right.chunks_exact(columns).enumerate() {
        for (output, value) in row.iter().enumerate() {
            panels[output / LANES * inner + input][output % LANES] = *value;
        }
    }
    let layer = Linear { inputs: inner, outputs, panels, bias: vec![0.0; outputs] };
    let mut padded = Vec::new();
    layer.apply(left, &mut padded);
    if outputs == columns {
        return padded;
    }
    padded.chunks_exact(outputs).flat_map(|row| &row[..columns]).copied().collect()
}

/// The sum of the products of two vectors' components.
pub fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (left_chunks, left_rest) = left.as_chunks::<LANES>();
    let (right_chunks, right_rest) = right.as_chunks::<LANES>();
    for (a, b) in left_chunks.iter().zip(right_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The dot product of a vector with every row of a matrix, row after row.
pub fn dots(vector: &[f32], rows: &[f32], products: &mut Vec<f32>) {
    products.clear();
    if !vector.is_empty() {
        products.reserve(rows.len() / vector.len());
        Arch::new().dispatch(Dots { vector, rows, products });
    }
}

/// Dot products about to be computed.
struct Dots<'a> {
    vector: &'a [f32],
    rows: &'a [f32],
    products: &'a mut Vec<f32>,
}

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        /// Running sums: one alone would wait for each addition to end.
        const SUMS: usize = 4;
        let (head, tail) = S::as_simd_f32s(self.vector);
        let whole = self.vector.len() - tail.len();
        for row in self.rows.chunks_exact(self.vector.len()) {
            let mut sums = [simd.splat_f32s(0.0); SUMS];
            let (many, few) = head.as_chunks::<SUMS>();
            let (many_row, few_row) = S::as_simd_f32s(&row[..whole]).0.as_chunks::<SUMS>();
            for (left, right) in many.iter().zip(many_row) {
                for lane in 0..SUMS {
                    sums[lane] = simd.mul_add_e_f32s(left[lane], right[lane], sums[lane]);
                }
            }
            for (left, right) in few.iter().zip(few_row) {
                sums[0] = simd.mul_add_e_f32s(*left, *right, sums[0]);
            }
            let left = simd.add_f32s(sums[0], sums[1]);
            let right = simd.add_f32s(sums[2], sums[3]);
            let rest: f32 = tail.iter().zip(&row[whole..]).map(|(a, b)| a * b).sum();
            self.products.push(simd.reduce_sum_f32s(simd.add_f32s(left, right)) + rest);
        }
    }
}

impl Linear {
    pub(crate) fn read(file: &ModelFile<'_>, name: &str) -> Result<Self, ModelFault> {
        let weight_name = format!("{name}.w");
        let tensor = file.tensor(&weight_name)?;
        let bias = file.tensor(&format!("{name}.b"))?.decode();
        let (inputs, outputs) = (tensor.columns(), tensor.rows());
        let weights = tensor.decode();
        if weights.len() != inputs * outputs || bias.len() != outputs || outputs % LANES != 0 {
            return Err(ModelFault::Missing(weight_name));
        }
        let mut panels = vec![[0.0; LANES]; weights.len() / LANES];
        for (output, row) in weights.chunks_exact(inputs).enumerate() {
            let panel = &mut panels[output / LANES * inputs..][..inputs];
            for (weight, lanes) in row.iter().zip(panel) {
                lanes[output % LANES] = *weight;
            }
        }
        Ok(Self { inputs, outputs, panels, bias })
    }

    /// Computes the outputs of every row of `input` into `output`.
    pub(crate) fn apply(&self, input: &[f32], output: &mut Vec<f32>) {
        let rows = input.len() / self.inputs;
        output.clear();
        output.resize(rows * self.outputs, 0.0);
        let mut blocks = vec![[0.0; ROWS]; rows.div_ceil(ROWS) * self.inputs];
        for (row, values) in input.chunks_exact(self.inputs).enumerate() {
            let block = &mut blocks[row / ROWS * self.inputs..][..self.inputs];
            for (column, value) in block.iter_mut().zip(values) {
                column[row % ROWS] = *value;
            }
        }
        Arch::new().dispatch(Product { layer: self, blocks: &blocks, output });
    }
}

/// A matrix product about to be computed. Its vector operations are written out: whether the compiler
/// finds them by itself in so tight a loop depends on how the crate is built.
struct Product<'a> {
    layer: &'a Linear,
    blocks: &'a [[f32; ROWS]],
    output: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match LANES / S::F32_LANES {
            1 => self.multiply::<S, 1>(simd),
            2 => self.multiply::<S, 2>(simd),
            4 => self.multiply::<S, 4>(simd),
            _ => self.multiply::<S, LANES>(simd),
        }
    }
}

impl Product<'_> {
    /// Multiplies with panels of `VECTORS` machine vectors.
    #[inline(always)]
    fn multiply<S: Simd, const VECTORS: usize>(self, simd: S) {
        let Linear { inputs, outputs, panels, bias } = self.layer;
        let biases = bias.as_chunks::<LANES>().0;
        for (number, (panel, bias)) in panels.chunks_exact(*inputs).zip(biases).enumerate() {
            let weights = S::as_simd_f32s(panel.as_flattened()).0.as_chunks::<VECTORS>().0;
            let Some(start) = S::as_simd_f32s(bias).0.as_chunks::<VECTORS>().0.first() else { continue };
            let rows_of_blocks = self.output.chunks_mut(ROWS * outputs);
            for (block, rows) in self.blocks.chunks_exact(*inputs).zip(rows_of_blocks) {
                let mut sums = [*start; ROWS];
                for (weight, values) in weights.iter().zip(block) {
                    for row in 0..ROWS {
                        let value = simd.splat_f32s(values[row]);
                        for vector in 0..VECTORS {
                            sums[row][vector] = simd.mul_add_e_f32s(value, weight[vector], sums[row][vector]);
                        }
                    }
                }
                for (row, sum) in rows.chunks_exact_mut(*outputs).zip(&sums) {
                    let lanes = S::as_mut_simd_f32s(&mut row[number * LANES..][..LANES]).0;
                    lanes.copy_from_slice(sum);
                }
            }
        }
    }
}

/// Runs loops compiled for the widest instructions this processor has.
#[inline]
pub(crate) fn widest(work: impl FnMut()) {
    struct Work<F>(F);
    impl<F: FnMut()> WithSimd for Work<F> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _simd: S) {
            (self.0)();
        }
    }
    Arch::new().dispatch(Work(work));
}

/// A layer norm with its gain and shift.
pub(crate) struct Norm {
    gain: Vec<f32>,
    shift: Vec<f32>,
}

impl Norm {
    pub(crate) fn read(file: &ModelFile<'_>, name: &str) -> Result<Self, ModelFault> {
        let gain = file.tensor(&format!("{name}.w"))?.decode();
        let shift = file.tensor(&format!("{name}.b"))?.decode();
        match gain.len() == shift.len() && !gain.is_empty() {
            true => Ok(Self { gain, shift }),
            false => Err(ModelFault::Missing(format!("{name}.w"))),
        }
    }

    /// Adds `addend` to every row and normalises it.
    pub(crate) fn apply_sum(&self, rows: &mut [f32], addend: &[f32]) {
        widest(
            #[inline(always)]
            || {
                for (value, more) in rows.iter_mut().zip(addend) {
                    *value += more;
                }
                self.normalise(rows);
            },
        );
    }

    /// Normalises every row.
    #[inline(always)]
    pub(crate) fn normalise(&self, rows: &mut [f32]) {
        let width = self.gain.len();
        let share = 1.0 / width as f32;
        for row in rows.chunks_exact_mut(width) {
            let mean = sum(row) * share;
            let squares = |sum: f32, value: f32| sum + (value - mean) * (value - mean);
            let variance = fold(row, 0.0, squares, std::ops::Add::add) * share;
            let scale = 1.0 / (variance + 1e-12).sqrt();
            for ((value, gain), shift) in row.iter_mut().zip(&self.gain).zip(&self.shift) {
                *value = (*value - mean) * scale * gain + shift;
            }
        }
    }
}

/// Applies the Gaussian error linear unit to every value.
pub(crate) fn gelu(values: &mut [f32]) {
    widest(
        #[inline(always)]
        || {
            for value in values.iter_mut() {
                let z = value.abs() * std::f32::consts::FRAC_1_SQRT_2;
                // Abramowitz and Stegun 7.1.26; its error of 1.5e-7 is below the weights' own.
                let t = 1.0 / (1.0 + 0.327_591_1 * z);
                let series = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t
                    + 0.254_829_6)
                    * t;
                let erf = 1.0 - series * exp(-z * z);
                *value = 0.5 * *value * (1.0 + erf.copysign(*value));
            }
        },
    );
}

/// Turns each row of `width` values into shares that sum to one.
#[inline(always)]
pub(crate) fn softmax(values: &mut [f32], width: usize) {
    values.chunks_exact_mut(width).for_each(shares);
}

/// Turns values into shares that sum to one.
#[inline(always)]
fn shares(row: &mut [f32]) {
    let higher = |one: f32, other: f32| if one > other { one } else { other };
    let highest = fold(row, f32::MIN, higher, higher);
    for value in row.iter_mut() {
        *value = exp(*value - highest);
    }
    let scale = 1.0 / sum(row);
    for value in row {
        *value *= scale;
    }
}

#[inline(always)]
fn sum(values: &[f32]) -> f32 {
    fold(values, 0.0, std::ops::Add::add, std::ops::Add::add)
}

/// Folds values in lanes side by side: one after the other, each step would wait for the one before.
#[inline(always)]
fn fold(values: &[f32], start: f32, step: impl Fn(f32, f32) -> f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = step(lanes[lane], chunk[lane]);
        }
    }
    let rest = rest.iter().fold(start, |folded, value| step(folded, *value));
    lanes.into_iter().fold(rest, join)
}

/// The exponential of a number that is not positive, within 2e-7 of the true one, without a branch.
#[inline(always)]
fn exp(number: f32) -> f32 {
    /// Adding it leaves the nearest whole number in the low bits.
    const ROUNDER: f32 = 12_582_912.0;
    let number = number.max(-87.0);
    let shifted = number * std::f32::consts::LOG2_E + ROUNDER;
    let whole = shifted - ROUNDER;
    let rest = number - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let series = ((((1.987_569_1e-4 * rest + 1.398_199_9e-3) * rest + 8.333_452e-3) * rest + 4.166_579_6e-2)
        * rest
        + 1.666_666_5e-1)
        * rest
        + 0.5;
    let fraction = series * rest * rest + rest + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    fraction * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_close_to_the_true_one() {
        for step in 0..8700_u16 {
            let number = -f32::from(step) / 100.0;
            let (ours, truth) = (exp(number), number.exp());
            assert!((ours - truth).abs() <= truth * 4e-7 + f32::MIN_POSITIVE, "{number}: {ours} for {truth}");
        }
    }

    #[test]
    fn gelu_has_its_known_values() {
        let mut values = [-3.0, -1.0, 0.0, 1.0, 3.0];
        gelu(&mut values);
        for (ours, truth) in values.iter().zip([-0.004_049_7, -0.158_655_3, 0.0, 0.841_344_7, 2.995_950_2]) {
            assert!((ours - truth).abs() < 2e-6, "{ours} for {truth}");
        }
    }

    #[test]
    fn any_two_matrices_are_multiplied() {
        let left: Vec<f32> = (0..21).map(|n| n as f32 - 9.0).collect();
        let right: Vec<f32> = (0..15).map(|n| (n * n % 7) as f32).collect();
        let result = product(&left, &right, 3, 5);
        assert_eq!(result.len(), 35);
        for (n, value) in result.iter().enumerate() {
            let (row, column) = (n / 5, n % 5);
            assert_eq!(*value, (0..3).map(|k| left[row * 3 + k] * right[k * 5 + column]).sum::<f32>());
        }
        assert_eq!(dot(&left, &left), left.iter().map(|value| value * value).sum::<f32>());
    }

    #[test]
    fn every_row_is_multiplied_whatever_its_width() {
        for width in [1, 3, 8, 33, 100, 384] {
            let value = |n: usize| ((n * 7 + 3) % 11) as f32 - 5.0;
            let vector: Vec<f32> = (0..width).map(value).collect();
            let rows: Vec<f32> = (0..width * 5).map(|n| value(n * 3)).collect();
            let mut products = Vec::new();
            dots(&vector, &rows, &mut products);
            let expected: Vec<f32> = rows.chunks_exact(width).map(|row| dot(&vector, row)).collect();
            assert_eq!(products, expected, "{width}");
        }
        let mut products = vec![1.0];
        dots(&[], &[], &mut products);
        assert!(products.is_empty());
    }

    #[test]
    fn a_product_is_the_sum_of_its_parts_for_every_number_of_rows() {
        let (inputs, outputs) = (5, 32);
        let weight = |output: usize, input: usize| ((output * 7 + input * 3) % 11) as f32 - 5.0;
        let mut panels = vec![[0.0; LANES]; inputs * outputs / LANES];
        for output in 0..outputs {
            for input in 0..inputs {
                panels[output / LANES * inputs + input][output % LANES] = weight(output, input);
            }
        }
        let bias: Vec<f32> = (0..outputs).map(|output| output as f32).collect();
        let layer = Linear { inputs, outputs, panels, bias };
        for rows in 1..15 {
            let input: Vec<f32> = (0..rows * inputs).map(|n| (n % 13) as f32).collect();
            let mut output = Vec::new();
            layer.apply(&input, &mut output);
            for (n, value) in output.iter().enumerate() {
                let (row, column) = (n / outputs, n % outputs);
                let products = (0..inputs).map(|k| input[row * inputs + k] * weight(column, k));
                assert_eq!(*value, column as f32 + products.sum::<f32>());
            }
        }
    }
}
