//! Requests as `aecp eval` reads them.

use aecp_vocabulary::input::Attributes;

use crate::Request;

pub(super) fn read(line: &str) -> Result<Request, String> {
    let attributes = Attributes::from_json(line).map_err(|error| error.to_string())?;
    Ok(Request {
        attributes,
        ..Request::default()
    })
}
