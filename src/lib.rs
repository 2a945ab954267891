//! Makes language models decide and obey.
//!
//! | job | module | what it does |
//! |---|---|---|
//! | score | [`score`] | ranks candidate continuations by their logprobs, with nothing generated |
//! | constrain | [`generate`] | generates text that a [`grammar`] allows, whole within its token budget |
//! | repair | [`repair`] | turns replies into JSON that conforms to a schema, or tells why not |
//!
//! Engines that run models elsewhere take only the masks: see [`constraint`]. Endpoints that speak the OpenAI
//! format are asked by `remote`, a feature that is on; [`openai`] reads what they say.
//!
//! A job runs on a [`model::LanguageModel`]; [`model::local::LocalModel`] is one on this machine,
//! and [`store::Store`] obtains its files. ARCHITECTURE.md has the layers and the invariants.
//!
//! ```no_run
//! use tokenrail::model::local::LocalModel;
//! use tokenrail::score::{Options, Scorer};
//! use tokenrail::store::{Access, ModelSource, Store};
//!
//! let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Online, &mut |_| {})?;
//! let model = LocalModel::open(&path)?;
//! let candidates = [" Paris", " Lyon", " Rome"].map(str::to_owned);
//! let ranked = Scorer::new(&model).score("The capital of France is", &candidates, &Options::default())?;
//! println!("{}", candidates[ranked.winner()]);
//! # Ok::<(), tokenrail::Error>(())
//! ```

mod interner;
mod regex;
pub mod vocab;

pub mod schema;

pub mod grammar;

pub mod constraint;
pub mod model;

pub mod generate;
pub mod openai;
pub mod repair;
pub mod report;
pub mod score;
pub mod store;

#[cfg(feature = "remote")]
pub mod remote;

mod error;

pub use error::{Error, ErrorKind};
