//! What is asked, and what should be decided.

use std::net::SocketAddr;

use aecp_end_to_end::client::{Call, Client};
use aecp_end_to_end::error::Error;
use aecp_end_to_end::tokens::IdentityProvider;
use aecp_end_to_end::upstream::Upstream;
use comfy_table::{ContentArrangement, Table, presets};
use hyper::{Method, StatusCode};
use jiff::Timestamp;

/// Columns of the table where there is no terminal.
const TABLE_WIDTH: u16 = 140;

/// A request with what it should come to.
pub(crate) struct Sample {
    pub(crate) title: &'static str,
    pub(crate) call: Call,
    status: StatusCode,
    /// The policy that denies it.
    policy: &'static str,
}

/// A read that every policy lets through.
pub(crate) fn good_read(identity: &IdentityProvider) -> Result<Call, Error> {
    let now = Timestamp::now().as_second();
    let token = identity.token("sabine", &["support"], now, 3600)?;
    Ok(Call::new(
        Method::GET,
        "/customers/EU/4711?storage=eu-west-1&compute=eu-central-1",
    )
    .header("x-purpose", "support_case")
    .token(&token))
}

/// A read that the residency policy denies.
pub(crate) fn bad_read(identity: &IdentityProvider) -> Result<Call, Error> {
    let mut call = good_read(identity)?;
    call.path = "/customers/EU/4711?storage=us-east-1&compute=eu-central-1".to_owned();
    Ok(call)
}

/// All kinds of requests.
pub(crate) fn samples(identity: &IdentityProvider) -> Result<Vec<Sample>, Error> {
    let now = Timestamp::now().as_second();
    let token = |subject: &str, role: &str| identity.token(subject, &[role], now, 3600);
    let (support, officer, steward) = (
        token("sabine", "support")?,
        token("paul", "privacy_officer")?,
        token("dora", "data_steward")?,
    );
    let expired = identity.token("sabine", &["support"], now.saturating_sub(7200), 3600)?;
    let stranger = IdentityProvider::new(8)?.token("mallory", &["privacy_officer"], now, 3600)?;

    let record = "/customers/EU/4711?storage=eu-west-1&compute=eu-central-1";
    let read = |path: &str, purpose: &str| Call::new(Method::GET, path).header("x-purpose", purpose);
    let sample = |title, call, status, policy| Sample {
        title,
        call,
        status,
        policy,
    };
    let (ok, no) = (StatusCode::OK, StatusCode::FORBIDDEN);
    Ok(vec![
        sample(
            "anybody asks whether the service is up",
            Call::new(Method::GET, "/status"),
            ok,
            "",
        ),
        sample(
            "support reads an EU record in the EU",
            read(record, "support_case").token(&support),
            ok,
            "",
        ),
        sample(
            "the same record, stored in the US",
            read(
                "/customers/EU/4711?storage=us-east-1&compute=eu-central-1",
                "support_case",
            )
            .token(&support),
            no,
            "data_residency_eu",
        ),
        sample(
            "the same record, place of storage not known",
            read("/customers/EU/4711?compute=eu-central-1", "support_case").token(&support),
            no,
            "data_residency_eu",
        ),
        sample(
            "support reads for marketing",
            read(record, "marketing").token(&support),
            no,
            "read_customer_records",
        ),
        sample(
            "nobody in particular reads",
            read(record, "support_case"),
            no,
            "read_customer_records",
        ),
        sample(
            "with an expired token",
            read(record, "support_case").token(&expired),
            no,
            "read_customer_records",
        ),
        sample(
            "with a token of somebody else's",
            read(record, "audit").token(&stranger),
            no,
            "read_customer_records",
        ),
        sample(
            "a data steward exports 500 records",
            Call::new(Method::POST, "/exports/EU?storage=eu-west-1&records=500")
                .header("x-purpose", "statutory_report")
                .token(&steward),
            ok,
            "",
        ),
        sample(
            "a data steward exports 50,000 records",
            Call::new(Method::POST, "/exports/EU?storage=eu-west-1&records=50000")
                .header("x-purpose", "statutory_report")
                .token(&steward),
            no,
            "export_volume",
        ),
        sample(
            "a privacy officer erases a record",
            Call::new(Method::DELETE, record)
                .header("x-purpose", "erasure_request")
                .token(&officer),
            ok,
            "",
        ),
        sample(
            "a method that no policy is about",
            Call::new(Method::OPTIONS, record).token(&support),
            no,
            "default",
        ),
        sample(
            "a path without route",
            Call::new(Method::GET, "/admin"),
            no,
            "no_route",
        ),
        sample(
            "a purpose given twice",
            read(record, "support_case")
                .header("x-purpose", "audit")
                .token(&support),
            StatusCode::BAD_REQUEST,
            "context_malformed",
        ),
    ])
}

/// Sends all of them, shows a table, and fails if one is not decided as it should be.
pub(crate) async fn decide(
    identity: &IdentityProvider,
    address: SocketAddr,
    upstream: &Upstream,
) -> Result<(), Error> {
    let client = Client::new(address);
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(TABLE_WIDTH);
    }
    table.set_header(["request", "", "policy", "reason"]);
    let mut wrong = Vec::new();
    let samples = samples(identity)?;
    for sample in &samples {
        let answer = client.send(&sample.call).await?;
        let policy = answer.text("policy");
        let status = answer.status.as_u16().to_string();
        table.add_row([sample.title, &status, policy, answer.text("detail")]);
        if answer.status != sample.status || policy != sample.policy {
            wrong.push(format!(
                "{}: expected {} `{}`, got {} {}",
                sample.title, sample.status, sample.policy, answer.status, answer.json
            ));
        }
    }
    anstream::println!("{table}");
    Error::unless(wrong.is_empty(), || wrong.join("\n"))?;
    let allowed = samples
        .iter()
        .filter(|sample| sample.status == StatusCode::OK)
        .count();
    let served = upstream.served();
    Error::unless(
        u64::try_from(allowed).is_ok_and(|allowed| allowed == served),
        || format!("{allowed} requests were allowed, but {served} reached the upstream"),
    )?;
    crate::came_out(&format!(
        "{allowed} of {} requests reached the upstream",
        samples.len()
    ));
    Ok(())
}
