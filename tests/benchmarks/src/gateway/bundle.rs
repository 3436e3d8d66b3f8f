//! What the enforcement point runs: one package of the policy library and one that covers the requests. All policies
//! have `AUDIT: REQUIRED`, and read what the request says in its path, query and headers, and the route's label.

use std::net::SocketAddr;

use aecp_compiler::source::SourceFile;
use aecp_end_to_end::client::{Answer, Call, Client};
use aecp_end_to_end::site::Site;
use aecp_end_to_end::tools::repository;
use hyper::{Method, StatusCode};

use crate::compile::write_sources;
use crate::error::Error;

/// The path and query of every request of the load.
pub(super) const PATH: &str = "/customers/EU/4711?storage=eu-west-1&compute=eu-central-1";

/// Its header.
pub(super) const HEADER: &str = "x-purpose: contract";

/// The package that covers the requests.
const PURPOSES: &str = r#"PACKAGE purposes {
  VERSION: "1.0.0"
  DEFAULT: DENY
}

SCHEMA {
  request.method: TEXT
  resource.type: TEXT
  purpose: TEXT OPTIONAL
}

POLICY read_for_a_purpose {
  SCOPE: requests WHERE { resource.type == "customer_data" AND request.method IN ["GET", "HEAD"] }
  CONSTRAINT: purpose IN ["contract", "support_case"]
  ENFORCEMENT: BLOCKING
  AUDIT: REQUIRED
}

POLICY change_for_a_contract {
  SCOPE: requests WHERE { resource.type == "customer_data" AND request.method IN ["POST", "PUT", "PATCH"] }
  CONSTRAINT: purpose == "contract"
  ENFORCEMENT: BLOCKING
  AUDIT: REQUIRED
}
"#;

const RELEASE: &str = r#"name = "bench-edge"
valid_days = 1

[[policies]]
component = "purposes"

[[policies]]
component = "eu_residency"

[[routes]]
name = "records"
path = "/customers/{region}/{id}"
upstream = "customers"
labels = { resource_type = "customer_data" }

[[attributes]]
name = "request.method"
value_type = "TEXT"
source = "host"

[[attributes]]
name = "resource.type"
value_type = "TEXT"
source = { label = { name = "resource_type" } }

[[attributes]]
name = "purpose"
value_type = "TEXT"
source = { header = { name = "x-purpose" } }

[[attributes]]
name = "customer.region"
value_type = "TEXT"
source = { path = { segment = "region" } }

[[attributes]]
name = "storage.location"
value_type = "TEXT"
source = { query = { name = "storage" } }

[[attributes]]
name = "compute.location"
value_type = "TEXT"
source = { query = { name = "compute" } }
"#;

/// Publishes both packages, and releases the bundle as epoch 1.
pub(super) fn publish(site: &Site) -> Result<(), Error> {
    let folder = site.path("purposes");
    write_sources(&folder, &[SourceFile::new("purposes.aecp", PURPOSES)])?;
    site.publish_package(&folder, "purposes")?;
    site.publish_package(&repository().join("policies/eu_residency"), "eu_residency")?;
    site.release_into("registry", RELEASE)?;
    Ok(())
}

/// What is measured must be enforcement: what should pass passes, and what should not does not.
pub(super) async fn check_that_it_decides(address: SocketAddr) -> Result<(), Error> {
    let client = Client::new(address);
    let call = |path: &str| Call::new(Method::GET, path).header("x-purpose", "contract");
    let good = client.send(&call(PATH)).await?;
    expect(&good, StatusCode::OK, "a request as in the load")?;
    let outside = client
        .send(&call(&PATH.replace("eu-west-1", "us-east-1")))
        .await?;
    expect(&outside, StatusCode::FORBIDDEN, "a request outside of its region")?;
    let aimless = client.send(&Call::new(Method::GET, PATH)).await?;
    expect(&aimless, StatusCode::FORBIDDEN, "a request without purpose")
}

/// Fails unless `answer` has this status.
pub(super) fn expect(answer: &Answer, status: StatusCode, what: &str) -> Result<(), Error> {
    if answer.status == status {
        return Ok(());
    }
    Err(Error::Worthless(format!(
        "{what} should be answered with {status}, but was with {}: {}",
        answer.status, answer.json
    )))
}
