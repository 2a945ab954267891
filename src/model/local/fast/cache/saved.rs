//! Caches as blocks of bytes, a page each: keys, then values, as pages keep them, little-endian.

use std::io;
use std::sync::Arc;

use super::{Cache, Float, Half, Layer, PAGE, Page, Pages, Store};
use crate::model::ModelError;

/// Numbers that are kept as so many bytes each.
trait Saved: Store {
    fn push_to(self, bytes: &mut Vec<u8>);

    /// Takes the numbers off the front of `bytes`.
    fn take_from(bytes: &mut &[u8]) -> Self;
}

impl Cache {
    /// Gives all pages of all layers, in order.
    pub(in crate::model::local::fast) fn save(
        &self,
        put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut block = Vec::new();
        self.layers.iter().try_for_each(|layer| match &layer.pages {
            Pages::Half(pages) => save(pages, &mut block, put),
            Pages::Float(pages) => save(pages, &mut block, put),
        })
    }

    /// Takes the pages of `len` positions into every layer, in place of what it had.
    pub(in crate::model::local::fast) fn restore(
        &mut self,
        len: usize,
        take: &mut dyn FnMut(&mut [u8]) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        let mut block = Vec::new();
        self.layers.iter_mut().try_for_each(|layer| {
            let pages = len.div_ceil(PAGE);
            layer.pages = match &layer.pages {
                Pages::Half(_) => Pages::Half(restore(layer, pages, &mut block, take)?),
                Pages::Float(_) => Pages::Float(restore(layer, pages, &mut block, take)?),
            };
            layer.len = len;
            Ok(())
        })
    }
}

fn save<S: Saved>(
    pages: &[Arc<Page<S>>],
    block: &mut Vec<u8>,
    put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    pages.iter().try_for_each(|page| {
        block.clear();
        page.keys.iter().chain(&page.values).for_each(|numbers| numbers.push_to(block));
        put(block)
    })
}

fn restore<S: Saved>(
    layer: &Layer,
    pages: usize,
    block: &mut Vec<u8>,
    take: &mut dyn FnMut(&mut [u8]) -> Result<(), ModelError>,
) -> Result<Vec<Arc<Page<S>>>, ModelError> {
    let read = |_| {
        let mut page = Page::<S>::new(layer.shape);
        block.resize(page.bytes(), 0);
        take(block)?;
        let mut rest = block.as_slice();
        let numbers = page.keys.iter_mut().chain(&mut page.values);
        numbers.for_each(|numbers| *numbers = S::take_from(&mut rest));
        Ok(Arc::new(page))
    };
    (0..pages).map(read).collect()
}

impl Saved for Half {
    fn push_to(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.iter().flat_map(|number| number.to_le_bytes()));
    }

    fn take_from(bytes: &mut &[u8]) -> Self {
        Self(std::array::from_fn(|_| u16::from_le_bytes(next(bytes))))
    }
}

impl Saved for Float {
    fn push_to(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.iter().flat_map(|number| number.to_le_bytes()));
    }

    fn take_from(bytes: &mut &[u8]) -> Self {
        Self(std::array::from_fn(|_| f32::from_le_bytes(next(bytes))))
    }
}

/// The next bytes of a page.
fn next<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (first, rest) = bytes.split_first_chunk().expect("a block has as many bytes as its page");
    *bytes = rest;
    *first
}
