//! Walking through the newest cases, page by page, each in a short reading of its own: for what looks at many at once and
//! nobody waits for.

use jiban_store::{
    StoreError,
    case_list::{self, CaseQuery, Sort},
    cases::CaseRow,
};

use crate::{app::App, http::problem::Answer};

/// What `read` makes of the newest cases that a query lists, the newest first: of at most `looked_at` of them, and at most
/// `most`. `tell` hears after each page how many were looked at.
///
/// # Errors
/// The store's, or those of `read`.
pub async fn newest<T: Send + 'static>(
    app: &App,
    query: CaseQuery,
    (looked_at, most): (usize, usize),
    read: impl Fn(&CaseRow) -> Result<Option<T>, StoreError> + Clone + Send + Sync + 'static,
    mut tell: impl FnMut(usize),
) -> Answer<Vec<T>> {
    let mut query = CaseQuery { sort: Sort::Newest, limit: case_list::PAGE_MAX, ..query };
    let (mut found, mut seen) = (Vec::new(), 0);
    loop {
        let (wanted, read) = (query.clone(), read.clone());
        let page = app.store.read(move |tx| {
            let page = case_list::list(tx, &wanted)?;
            let made = page.cases.iter().filter_map(|row| read(row).transpose()).collect::<Result<Vec<T>, _>>()?;
            Ok::<_, StoreError>((made, page.cases.len(), page.next))
        });
        let (made, length, next) = page.await?;
        found.extend(made);
        seen += length;
        tell(seen);
        // With a first day, the newest come first: an empty page has nothing behind it.
        let over = length == 0 || next.is_none();
        if over || found.len() >= most || seen >= looked_at {
            found.truncate(most);
            return Ok(found);
        }
        query.cursor = next;
    }
}
