//! What a cell holds, and how Rust's own types become one.

use std::borrow::Cow;
use std::fmt;

use rusqlite::types::{Value, ValueRef};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Arguments, Decode, Encode, Type, TypeInfo};

use crate::ports::db::lite::Lite;
use crate::ports::db::lite::cells::Cells;

/// The kind of a cell (<https://www.sqlite.org/datatype3.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// Text.
    Text,
    /// Bytes.
    Blob,
}

impl TypeInfo for Kind {
    fn is_null(&self) -> bool {
        *self == Kind::Null
    }

    fn name(&self) -> &str {
        match self {
            Kind::Null => "NULL",
            Kind::Integer => "INTEGER",
            Kind::Real => "REAL",
            Kind::Text => "TEXT",
            Kind::Blob => "BLOB",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

/// A cell of a row.
#[derive(Debug, Clone, Copy)]
pub struct LiteRef<'r>(pub(super) ValueRef<'r>);

impl LiteRef<'_> {
    fn kind(&self) -> Kind {
        match self.0 {
            ValueRef::Null => Kind::Null,
            ValueRef::Integer(_) => Kind::Integer,
            ValueRef::Real(_) => Kind::Real,
            ValueRef::Text(_) => Kind::Text,
            ValueRef::Blob(_) => Kind::Blob,
        }
    }

    /// The value is not what was asked for.
    fn is_no(&self, wanted: Kind) -> BoxDynError {
        format!("{wanted} was asked for, and {} is there", self.kind()).into()
    }
}

impl<'r> sqlx::ValueRef<'r> for LiteRef<'r> {
    type Database = Lite;

    fn to_owned(&self) -> LiteValue {
        LiteValue(self.0.try_into().unwrap_or(Value::Null))
    }

    fn type_info(&self) -> Cow<'_, Kind> {
        Cow::Owned(self.kind())
    }

    fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }
}

/// A cell that stands for itself.
#[derive(Debug, Clone)]
pub struct LiteValue(Value);

impl sqlx::Value for LiteValue {
    type Database = Lite;

    fn as_ref(&self) -> LiteRef<'_> {
        LiteRef(ValueRef::from(&self.0))
    }

    fn type_info(&self) -> Cow<'_, Kind> {
        Cow::Owned(sqlx::Value::as_ref(self).kind())
    }

    fn is_null(&self) -> bool {
        self.0 == Value::Null
    }
}

/// What a statement is asked with.
#[derive(Debug, Default)]
pub struct LiteArguments(pub(super) Cells);

impl Arguments for LiteArguments {
    type Database = Lite;

    fn reserve(&mut self, additional: usize, _size: usize) {
        self.0.reserve(additional);
    }

    fn add<'t, T: Encode<'t, Lite> + Type<Lite>>(&mut self, value: T) -> Result<(), BoxDynError> {
        if value.encode(&mut self.0)?.is_null() {
            self.0.push(ValueRef::Null);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

sqlx_core::impl_into_arguments_for_arguments!(LiteArguments);
sqlx_core::impl_encode_for_option!(Lite);

/// Types of Rust that are a whole number here.
macro_rules! integers {
    ($($plain:ty, $value:ident => $stored:expr, $found:ident => $read:expr;)+) => {$(
        impl Type<Lite> for $plain {
            fn type_info() -> Kind {
                Kind::Integer
            }
        }

        impl Encode<'_, Lite> for $plain {
            fn encode_by_ref(&self, buffer: &mut Cells) -> Result<IsNull, BoxDynError> {
                let $value = *self;
                buffer.push(ValueRef::Integer($stored));
                Ok(IsNull::No)
            }
        }

        impl Decode<'_, Lite> for $plain {
            fn decode(cell: LiteRef<'_>) -> Result<Self, BoxDynError> {
                match cell.0 {
                    ValueRef::Integer($found) => Ok($read),
                    _ => Err(cell.is_no(Kind::Integer)),
                }
            }
        }
    )+};
}

integers! {
    i64, value => value, found => found;
    i32, value => value.into(), found => found.try_into()?;
    bool, value => value.into(), found => found != 0;
}

impl Type<Lite> for f64 {
    fn type_info() -> Kind {
        Kind::Real
    }

    // A sum of whole numbers is one.
    fn compatible(kind: &Kind) -> bool {
        matches!(kind, Kind::Real | Kind::Integer)
    }
}

impl Encode<'_, Lite> for f64 {
    fn encode_by_ref(&self, buffer: &mut Cells) -> Result<IsNull, BoxDynError> {
        buffer.push(ValueRef::Real(*self));
        Ok(IsNull::No)
    }
}

impl Decode<'_, Lite> for f64 {
    fn decode(cell: LiteRef<'_>) -> Result<Self, BoxDynError> {
        match cell.0 {
            ValueRef::Real(found) => Ok(found),
            #[expect(clippy::cast_precision_loss, reason = "as SQLite itself would")]
            ValueRef::Integer(found) => Ok(found as f64),
            _ => Err(cell.is_no(Kind::Real)),
        }
    }
}

impl Type<Lite> for str {
    fn type_info() -> Kind {
        Kind::Text
    }
}

impl Encode<'_, Lite> for &str {
    fn encode_by_ref(&self, buffer: &mut Cells) -> Result<IsNull, BoxDynError> {
        buffer.push(ValueRef::Text(self.as_bytes()));
        Ok(IsNull::No)
    }
}

impl<'r> Decode<'r, Lite> for &'r str {
    fn decode(cell: LiteRef<'r>) -> Result<Self, BoxDynError> {
        match cell.0 {
            ValueRef::Text(found) => Ok(std::str::from_utf8(found)?),
            _ => Err(cell.is_no(Kind::Text)),
        }
    }
}

impl Type<Lite> for String {
    fn type_info() -> Kind {
        Kind::Text
    }
}

impl Encode<'_, Lite> for String {
    fn encode_by_ref(&self, buffer: &mut Cells) -> Result<IsNull, BoxDynError> {
        buffer.push(ValueRef::Text(self.as_bytes()));
        Ok(IsNull::No)
    }
}

impl Decode<'_, Lite> for String {
    fn decode(cell: LiteRef<'_>) -> Result<Self, BoxDynError> {
        <&str as Decode<Lite>>::decode(cell).map(str::to_owned)
    }
}

impl Type<Lite> for [u8] {
    fn type_info() -> Kind {
        Kind::Blob
    }

    fn compatible(kind: &Kind) -> bool {
        matches!(kind, Kind::Blob | Kind::Text)
    }
}

impl Encode<'_, Lite> for &[u8] {
    fn encode_by_ref(&self, buffer: &mut Cells) -> Result<IsNull, BoxDynError> {
        buffer.push(ValueRef::Blob(self));
        Ok(IsNull::No)
    }
}

impl<'r> Decode<'r, Lite> for &'r [u8] {
    fn decode(cell: LiteRef<'r>) -> Result<Self, BoxDynError> {
        match cell.0 {
            ValueRef::Blob(found) | ValueRef::Text(found) => Ok(found),
            _ => Err(cell.is_no(Kind::Blob)),
        }
    }
}

impl Type<Lite> for Vec<u8> {
    fn type_info() -> Kind {
        Kind::Blob
    }

    fn compatible(kind: &Kind) -> bool {
        <[u8] as Type<Lite>>::compatible(kind)
    }
}

impl Encode<'_, Lite> for Vec<u8> {
    fn encode_by_ref(&self, buffer: &mut Cells) -> Result<IsNull, BoxDynError> {
        buffer.push(ValueRef::Blob(self));
        Ok(IsNull::No)
    }
}

impl Decode<'_, Lite> for Vec<u8> {
    fn decode(cell: LiteRef<'_>) -> Result<Self, BoxDynError> {
        <&[u8] as Decode<Lite>>::decode(cell).map(<[u8]>::to_vec)
    }
}
