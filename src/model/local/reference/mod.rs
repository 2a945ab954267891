//! The reference engine: float32 by candle tensors.
//!
//! Weights are expanded to float32 at load, and activations are never rounded: its logprobs are
//! those of the stored weights. It is what the faster engine is compared with, and runs models that
//! the faster one does not.

mod attention;
mod ops;
mod transformer;

pub(super) use transformer::Transformer;
