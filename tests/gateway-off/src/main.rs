//! The gateway with enforcement and evidence off, for benchmarks alone: `aecpd` has no such setting.
//!
//! `aecp-gateway-off http://UPSTREAM` listens on a free port of the loopback address, writes that to standard output,
//! and serves until standard input ends. Everything but the guard is the gateway's own code.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use aecp_gateway::body::RequestBody;
use aecp_gateway::guard::{Admitted, Asked, End, Guard, Record, Refused};
use aecp_gateway::metrics::Metrics;
use aecp_gateway::problem::Problem;
use aecp_gateway::upstream::{Upstream, Upstreams};
use aecp_gateway::{Config, Front};
use aecp_vocabulary::Decision;

/// Lets everything pass.
struct Open {
    upstream: Arc<Upstream>,
}

/// Records nothing.
struct Nothing;

impl Record for Nothing {
    fn ended(self, _end: &End) {}
}

impl Guard for Open {
    type Record = Nothing;

    async fn admit(
        &self,
        _asked: Asked<'_>,
        _body: &mut RequestBody,
    ) -> Result<Admitted<Nothing>, Box<Problem>> {
        Ok(Admitted {
            upstream: Arc::clone(&self.upstream),
            record: Nothing,
        })
    }

    async fn refuse(&self, refused: Refused<'_>) -> Box<Problem> {
        Box::new(Problem::denied(
            &Decision::refused(refused.denial, refused.reason),
            refused.id,
        ))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let upstream = std::env::args()
        .nth(1)
        .ok_or("give the address of the upstream, as in http://127.0.0.1:9000")?;
    let config: Config = toml::from_str(&format!(
        "root = \"\"\nenrolment = \"\"\nstate = \"\"\nevidence = \"\"\noffers = \"\"\n\
         listeners = [{{ address = \"127.0.0.1:0\" }}]\nadmin = {{ address = \"127.0.0.1:0\" }}\n\
         upstreams = {{ customers = \"{upstream}\" }}\n"
    ))?;
    let upstreams = Upstreams::new(&config)?;
    let upstream = Arc::clone(upstreams.get("customers").ok_or("the upstream is not there")?);
    let front = Front::bind(config, Arc::new(Metrics::default()), Open { upstream }).await?;
    let address = front.addresses().first().copied().ok_or("no listener")?;
    let mut output = std::io::stdout();
    writeln!(output, "{address}")?;
    output.flush()?;
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        // An error is an end too.
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    front
        .serve(async {
            // A thread that is gone cannot tell any more, which ends the server too.
            let _ = end.await;
        })
        .await;
    Ok(())
}
