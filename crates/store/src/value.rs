//! Values as both engines understand them, and rows made of them.
//!
//! Four types and null; everything else is written in terms of these: uuids are 16-byte blobs, times are milliseconds
//! since the epoch in UTC, truths are 0 and 1, JSON is text. This module must never know an engine's own types.

use jiff::Timestamp;
use uuid::Uuid;

use crate::error::StoreError;

/// One value of a column or parameter.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// A whole number; also truths (0, 1) and times (milliseconds since the epoch, UTC).
    Int(i64),
    /// A floating-point number.
    Real(f64),
    /// Text; it must not contain the character U+0000.
    Text(String),
    /// Bytes; also uuids (16 bytes).
    Blob(Vec<u8>),
}

impl Value {
    /// The name of the value's type, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "int",
            Self::Real(_) => "real",
            Self::Text(_) => "text",
            Self::Blob(_) => "blob",
        }
    }
}

macro_rules! value_from {
    ($($type:ty, $name:ident => $make:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($name: $type) -> Self { $make }
        }
    )*};
}

value_from! {
    i64, v => Self::Int(v);
    i32, v => Self::Int(v.into());
    u32, v => Self::Int(v.into());
    bool, v => Self::Int(v.into());
    f64, v => Self::Real(v);
    &str, v => Self::Text(v.to_owned());
    &String, v => Self::Text(v.clone());
    String, v => Self::Text(v);
    Vec<u8>, v => Self::Blob(v);
    &[u8], v => Self::Blob(v.to_vec());
    [u8; 32], v => Self::Blob(v.to_vec());
    &[u8; 32], v => Self::Blob(v.to_vec());
    Uuid, v => Self::Blob(v.into_bytes().to_vec());
    Timestamp, v => Self::Int(v.as_millisecond());
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A type that can be read from a column.
pub trait FromValue: Sized {
    /// Reads it. `Err` gives back what was there instead.
    fn from_value(value: Value) -> Result<Self, Value>;
}

macro_rules! from_value {
    ($($type:ty: $($pattern:pat => $make:expr),+;)*) => {$(
        impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self, Value> {
                match value {
                    $($pattern => $make,)+
                    other => Err(other),
                }
            }
        }
    )*};
}

from_value! {
    i64: Value::Int(v) => Ok(v);
    bool: Value::Int(v) => Ok(v != 0);
    f64: Value::Real(v) => Ok(v), Value::Int(v) => Ok(v as f64);
    String: Value::Text(v) => Ok(v);
    Vec<u8>: Value::Blob(v) => Ok(v);
    [u8; 32]: Value::Blob(v) => v.try_into().map_err(Value::Blob);
    Uuid: Value::Blob(v) => Uuid::from_slice(&v).map_err(|_| Value::Blob(v));
    Timestamp: Value::Int(v) => Timestamp::from_millisecond(v).map_err(|_| Value::Int(v));
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self, Value> {
        Ok(value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Null => Ok(None),
            some => T::from_value(some).map(Some),
        }
    }
}

/// One row of an answer; columns are counted from 0 in the order of the `SELECT`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(Vec<Value>);

impl Row {
    /// A row of these values.
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// Reads a column and leaves it where it is.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when there is no such column or it holds another type.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T, StoreError> {
        self.0.get(column).cloned().ok_or_else(|| no_column(column)).and_then(|v| read(v, column))
    }

    /// Moves a column out of the row, which spares a copy of long texts; the column then reads as null.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn take<T: FromValue>(&mut self, column: usize) -> Result<T, StoreError> {
        self.0.get_mut(column).map(std::mem::take).ok_or_else(|| no_column(column)).and_then(|v| read(v, column))
    }

    /// All values.
    pub fn into_values(self) -> Vec<Value> {
        self.0
    }
}

fn no_column(column: usize) -> StoreError {
    StoreError::corrupt(format!("an answer without a column {column}"))
}

fn read<T: FromValue>(value: Value, column: usize) -> Result<T, StoreError> {
    T::from_value(value).map_err(|found| {
        let wanted = std::any::type_name::<T>();
        StoreError::corrupt(format!("column {column} holds {} where {wanted} was due", found.type_name()))
    })
}

/// The parameters of a statement, in order: `params![case_id, "text", 7, None::<i64>]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::Value::from($value)),*] };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went() {
        let id = Uuid::from_u128(7);
        let at = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        let row = Row::new(params![5_i64, true, 1.5, "你好", vec![1_u8, 2], id, at, None::<i64>, [9_u8; 32]]);
        assert_eq!(row.get::<i64>(0), Ok(5));
        assert_eq!(row.get::<bool>(1), Ok(true));
        assert_eq!(row.get::<f64>(2), Ok(1.5));
        assert_eq!(row.get::<String>(3), Ok("你好".to_owned()));
        assert_eq!(row.get::<Vec<u8>>(4), Ok(vec![1, 2]));
        assert_eq!(row.get::<Uuid>(5), Ok(id));
        assert_eq!(row.get::<Timestamp>(6), Ok(at));
        assert_eq!(row.get::<Option<i64>>(7), Ok(None));
        assert_eq!(row.get::<[u8; 32]>(8), Ok([9; 32]));
    }

    #[test]
    fn a_wrong_type_or_column_is_an_error_that_keeps_the_value_to_itself() {
        let row = Row::new(params!["secret"]);
        let error = row.get::<i64>(0).unwrap_err().to_string();
        assert!(error.contains("holds text") && !error.contains("secret"), "{error}");
        assert!(row.get::<i64>(1).unwrap_err().to_string().contains("without a column 1"));
    }
}
