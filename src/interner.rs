//! Distinct values, each stored once and named by its number.
//!
//! Equal values have equal numbers, so that what is known of a value is kept by its number, and two
//! states of a search are one when they are the same.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// A store in which each distinct value has a number. It only grows.
#[derive(Debug, Clone)]
pub(crate) struct Interner<T> {
    values: Vec<T>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl<T: Eq + Hash> Interner<T> {
    /// The number of a value: that of an equal one, or the next.
    pub(crate) fn intern(&mut self, value: T) -> u32 {
        let hash = self.hasher.hash_one(&value);
        let values = &self.values;
        if let Some(&known) = self.numbers.find(hash, |&number| values[number as usize] == value) {
            return known;
        }
        let number = u32::try_from(self.values.len()).expect("memory ends before numbers do");
        self.values.push(value);
        let (values, hasher) = (&self.values, &self.hasher);
        self.numbers.insert_unique(hash, number, |&of| hasher.hash_one(&values[of as usize]));
        number
    }

    /// The value with a number.
    pub(crate) fn get(&self, number: u32) -> &T {
        &self.values[number as usize]
    }

    /// All values, by their numbers.
    pub(crate) fn values(&self) -> &[T] {
        &self.values
    }

    /// How many distinct values there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}
