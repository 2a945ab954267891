//! What the reference backend computes on.

use std::fmt;
use std::str::FromStr;

use crate::model::ModelError;

const KNOWN: &str = "cpu, cuda, cuda:N, metal, metal:N";

/// A processor for the reference backend.
///
/// ```
/// use tokenrail::model::local::Device;
///
/// assert_eq!("cuda:1".parse::<Device>()?, Device::Cuda(1));
/// assert_eq!(Device::default().to_string(), "cpu");
/// # Ok::<(), tokenrail::model::ModelError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Device {
    /// This machine's processor.
    #[default]
    Cpu,
    /// NVIDIA's, by number (feature `cuda`).
    Cuda(usize),
    /// Apple's, by number (feature `metal`).
    Metal(usize),
}

impl Device {
    /// Makes it ready.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] where this program was built without it, or the machine has none.
    pub(super) fn open(self) -> Result<candle_core::Device, ModelError> {
        let opened = match self {
            Self::Cpu => return Ok(candle_core::Device::Cpu),
            Self::Cuda(number) => candle_core::Device::new_cuda(number),
            Self::Metal(number) => candle_core::Device::new_metal(number),
        };
        opened.map_err(|error| ModelError::Unsupported {
            what: "device",
            found: format!("{self} ({error})"),
            known: "cpu; cuda and metal where the program was built with the feature of that name",
        })
    }
}

impl FromStr for Device {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let (name, number) = text.split_once(':').unwrap_or((text, "0"));
        match (name, number.parse()) {
            ("cpu", _) if name == text => Ok(Self::Cpu),
            ("cuda", Ok(number)) => Ok(Self::Cuda(number)),
            ("metal", Ok(number)) => Ok(Self::Metal(number)),
            _ => Err(ModelError::Unsupported {
                what: "device",
                found: text.to_owned(),
                known: KNOWN,
            }),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(number) => write!(formatter, "cuda:{number}"),
            Self::Metal(number) => write!(formatter, "metal:{number}"),
        }
    }
}
