//! A model's weights, packed from its file.
//!
//! They stand for exactly the weights of the file, in the kinds that it has them in; kinds that have
//! no products of their own are expanded to float32. Matrices that are multiplied by the same rows
//! are packed one above the other, so that a pass has one product for them.
//!
//! Memory: the file's bytes of one matrix at a time, beside all that is packed already.

use candle_core::Tensor;

use super::kernels::{Kind, Matrix, PackError};
use crate::model::ModelError;
use crate::model::local::config::Config;
use crate::model::local::gguf::raw_tensor;
use crate::model::local::source::{self, Name, Pairs, Raw, Source};

/// All weights of a model.
#[derive(Debug)]
pub(super) struct Weights {
    /// `[vocabulary, width]`
    pub(super) embedding: Matrix,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Vec<f32>,
    /// `[vocabulary, width]`; none where the embedding is used again.
    output: Option<Matrix>,
}

/// One layer's weights.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) attention_norm: Vec<f32>,
    /// Query above key above value.
    pub(super) projections: Joined,
    /// Of queries, keys and values, one behind the other.
    pub(super) biases: Option<Vec<f32>>,
    /// Of each head of queries, and of keys.
    pub(super) head_norms: Option<[Vec<f32>; 2]>,
    pub(super) attention_output: Joined,
    pub(super) feed_forward_norm: Vec<f32>,
    /// Gate above up.
    pub(super) gate_up: Joined,
    pub(super) down: Joined,
    /// Of what attention found, and of what the feed-forward found.
    pub(super) post_norms: Option<[Vec<f32>; 2]>,
}

/// Matrices that read the same rows, one above the other: a single one where the file keeps them
/// alike.
#[derive(Debug)]
pub(super) struct Joined(pub(super) Vec<Matrix>);

/// A matrix as the file has it.
struct Part {
    name: Name,
    raw: Raw,
    shape: [usize; 2],
    /// Where its rows are rotated in pairs that stand side by side, the width of a head.
    paired: Option<usize>,
}

/// Reads matrices and packs them.
struct Loader<'a> {
    source: &'a mut Source,
    threads: usize,
}

impl Weights {
    /// Reads and packs all weights, matrix by matrix, so that the file's bytes and the packed ones
    /// are never both in memory but for one.
    pub(super) fn load(
        config: &Config,
        source: &mut Source,
        threads: usize,
    ) -> Result<Self, ModelError> {
        let &Config { width, vocabulary, .. } = config;
        let has_own_output = source.has_own_output();
        let mut loader = Loader { source, threads };
        let shape = [vocabulary, width];
        let embedding = loader.matrix(Name::of(source::EMBEDDING), shape)?;
        let output = match has_own_output {
            true => Some(loader.matrix(Name::of(source::OUTPUT), shape)?),
            false => None,
        };
        let layers = (0..config.layers)
            .map(|layer| Layer::load(layer, config, &mut loader))
            .collect::<Result<_, _>>()?;
        let norm = loader.norm(&Name::of(source::NORM), width)?;
        Ok(Self { embedding, layers, norm, output })
    }

    /// The matrix from hidden states to logits.
    pub(super) fn head(&self) -> &Matrix {
        self.output.as_ref().unwrap_or(&self.embedding)
    }

    /// The bytes of the matrices that are read for each token.
    pub(super) fn bytes(&self) -> usize {
        let of_layer = |layer: &Layer| {
            let Layer { projections, attention_output, gate_up, down, .. } = layer;
            let joined = [projections, attention_output, gate_up, down];
            joined.into_iter().flat_map(|joined| &joined.0).map(Matrix::bytes).sum::<usize>()
        };
        self.head().bytes() + self.layers.iter().map(of_layer).sum::<usize>()
    }
}

impl Layer {
    /// Reads and packs the weights of one layer.
    fn load(layer: usize, config: &Config, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        let &Config { width, heads, kv_heads, head_width, feed_forward, .. } = config;
        let of = |name| Name::of_layer(layer, name);
        let (queries, keys) = (heads * head_width, kv_heads * head_width);
        let projections = match config.build.is_fused {
            true => vec![loader.part(of(source::QUERY_KEY_VALUE), [queries + 2 * keys, width])?],
            false => {
                let paired = (loader.source.pairs() == Pairs::Neighbours).then_some(head_width);
                let query = Part { paired, ..loader.part(of(source::QUERY), [queries, width])? };
                let key = Part { paired, ..loader.part(of(source::KEY), [keys, width])? };
                vec![query, key, loader.part(of(source::VALUE), [keys, width])?]
            }
        };
        let attention_output = loader.part(of(source::ATTENTION_OUTPUT), [width, queries])?;
        let gate_up = match config.build.is_fused {
            true => vec![loader.part(of(source::GATE_UP), [2 * feed_forward, width])?],
            false => vec![
                loader.part(of(source::GATE), [feed_forward, width])?,
                loader.part(of(source::UP), [feed_forward, width])?,
            ],
        };
        let down = loader.part(of(source::DOWN), [width, feed_forward])?;
        Ok(Self {
            attention_norm: loader.norm(&of(source::ATTENTION_NORM), width)?,
            projections: loader.joined(&projections)?,
            biases: match config.build.has_biases {
                true => Some(loader.biases(layer, config)?),
                false => None,
            },
            head_norms: match config.build.has_head_norms {
                true => Some([
                    loader.norm(&of(source::QUERY_NORM), head_width)?,
                    loader.norm(&of(source::KEY_NORM), head_width)?,
                ]),
                false => None,
            },
            attention_output: loader.joined(&[attention_output])?,
            feed_forward_norm: loader.norm(&of(source::feed_forward_norm(config)), width)?,
            gate_up: loader.joined(&gate_up)?,
            down: loader.joined(&[down])?,
            post_norms: match config.build.has_post_norms {
                true => Some([
                    loader.norm(&of(source::POST_ATTENTION_NORM), width)?,
                    loader.norm(&of(source::POST_FEED_FORWARD_NORM), width)?,
                ]),
                false => None,
            },
        })
    }
}

impl Loader<'_> {
    /// The weights of a norm, with what the file leaves out of them.
    fn norm(&mut self, name: &Name, width: usize) -> Result<Vec<f32>, ModelError> {
        Ok(self.source.norm(name, width)?.to_vec1()?)
    }

    /// The biases of queries, keys and values, one behind the other as the products are.
    fn biases(&mut self, layer: usize, config: &Config) -> Result<Vec<f32>, ModelError> {
        let mut biases = Vec::new();
        for (name, heads) in [
            (source::QUERY, config.heads),
            (source::KEY, config.kv_heads),
            (source::VALUE, config.kv_heads),
        ] {
            let bias =
                self.source.tensor(&Name::of_bias(layer, name), &[heads * config.head_width])?;
            biases.extend(bias.to_vec1::<f32>()?);
        }
        Ok(biases)
    }

    /// A matrix by itself.
    fn matrix(&mut self, name: Name, shape: [usize; 2]) -> Result<Matrix, ModelError> {
        let part = self.part(name, shape)?;
        self.pack(&[&part])
    }

    /// A matrix as the file has it. Kinds without products of their own are expanded to float32, which
    /// changes no weight.
    fn part(&mut self, name: Name, shape: [usize; 2]) -> Result<Part, ModelError> {
        let mut raw = self.source.raw(&name, &shape)?;
        if Kind::from_ggml(raw.kind).is_none() {
            raw = expanded(&raw_tensor(&raw, &shape)?)?;
        }
        Ok(Part { name, raw, shape, paired: None })
    }

    /// Joins matrices of one kind into one, and leaves others beside each other.
    fn joined(&self, parts: &[Part]) -> Result<Joined, ModelError> {
        let mut matrices = Vec::new();
        for alike in parts.chunk_by(|a, b| a.raw.kind == b.raw.kind) {
            matrices.push(self.pack(&alike.iter().collect::<Vec<_>>())?);
        }
        Ok(Joined(matrices))
    }

    /// Packs parts of one kind, one above the other.
    fn pack(&self, parts: &[&Part]) -> Result<Matrix, ModelError> {
        let [first, ..] = parts else { unreachable!("a matrix has at least one part") };
        let kind = Kind::from_ggml(first.raw.kind).expect("other kinds were expanded");
        let pack = || -> Result<Matrix, PackError> {
            let mut rows = Vec::new();
            for part in parts {
                let own = kind.rows(&part.raw.bytes, part.shape[0], part.shape[1])?;
                match part.paired {
                    None => rows.extend(own),
                    Some(head_width) => rows.extend(halved(&own, head_width)),
                }
            }
            Matrix::pack(kind, first.shape[1], &rows, self.threads)
        };
        pack().map_err(|error| ModelError::Broken {
            path: self.source.path().to_owned(),
            what: format!("tensor {}: {error}", first.name),
        })
    }
}

/// The rows of heads, with the two of each pair half a head apart instead of side by side.
fn halved<'a>(rows: &[&'a [u8]], head_width: usize) -> Vec<&'a [u8]> {
    let half = head_width / 2;
    let place = |at: usize| {
        let (head, row) = (at / head_width, at % head_width);
        head * head_width + row % half * 2 + row / half
    };
    (0..rows.len()).map(|at| rows[place(at)]).collect()
}

/// A matrix of a kind that has no products of its own, in float32.
fn expanded(values: &Tensor) -> Result<Raw, ModelError> {
    let values: Vec<f32> = values.flatten_all()?.to_vec1()?;
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Ok(Raw { kind: 0, bytes })
}
