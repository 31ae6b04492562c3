//! Pieces of statements that take a varying number of values.
//!
//! Each length is a statement of its own to an engine, so lengths are kept few: lists are filled up to a power of two,
//! rows are written so many at a time at most.

use crate::value::Value;

/// Most rows in one `INSERT`.
pub(crate) const ROWS_MAX: usize = 16;

/// Splits rows into runs of 64, 16, 4 and 1: each length is a statement of its own, so few are made, and many rows still go
/// at once.
pub(crate) fn runs<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let length = [64, 16, 4, 1].into_iter().find(|length| *length <= rest.len())?;
        let (run, more) = rest.split_at(length);
        rest = more;
        Some(run)
    })
}

/// Adds values as parameters and returns their places for `IN (…)`. The list is filled up to a power of two with its
/// last value; without values it holds a null, which equals nothing.
pub(crate) fn in_list<T: Into<Value>>(params: &mut Vec<Value>, values: impl IntoIterator<Item = T>) -> String {
    let first = params.len();
    params.extend(values.into_iter().map(Into::into));
    let due = first + (params.len() - first).max(1).next_power_of_two();
    let last = if params.len() > first { params.last().cloned().unwrap_or_default() } else { Value::Null };
    params.resize(due, last);
    places(first + 1, due)
}

/// The rows of a `VALUES`: each begins with the parameters 1 to `shared` and goes on with `own` of its own.
pub(crate) fn tuples(shared: usize, own: usize, rows: usize) -> String {
    let before = if shared == 0 { String::new() } else { format!("{}, ", places(1, shared)) };
    let row = |n: usize| format!("({before}{})", places(shared + n * own + 1, shared + (n + 1) * own));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

fn places(first: usize, last: usize) -> String {
    (first..=last).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    #[test]
    fn lists_and_rows_count_their_places() {
        let mut params = params![1];
        assert_eq!(in_list(&mut params, ["a", "b", "c"]), "?2, ?3, ?4, ?5");
        assert_eq!(params, params![1, "a", "b", "c", "c"]);
        let mut params = params![];
        assert_eq!(in_list(&mut params, Vec::<i64>::new()), "?1");
        assert_eq!(params, [Value::Null]);
        assert_eq!(tuples(1, 2, 2), "(?1, ?2, ?3), (?1, ?4, ?5)");
        let rows: Vec<u32> = (0..150).collect();
        assert_eq!(runs(&rows).map(<[_]>::len).collect::<Vec<_>>(), [64, 64, 16, 4, 1, 1]);
        assert_eq!(runs(&rows).flatten().copied().collect::<Vec<_>>(), rows);
    }
}
