//! The demo: from policies as text to decisions that are enforced and can be proven, step by step, with attacks.
//!
//! `cargo xtask demo` builds everything and runs this. It exits with 0 only if every step came out as it should.

#![forbid(unsafe_code)]

mod attacks;
mod evidence;
mod requests;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use aecp_end_to_end::error::Error;
use aecp_end_to_end::site::Site;
use aecp_end_to_end::tokens::IdentityProvider;
use aecp_end_to_end::tools::{Tools, repository};
use aecp_end_to_end::upstream::Upstream;
use anstyle::{AnsiColor, Style};
use clap::Parser;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Walk the whole way once.
#[derive(Debug, Parser)]
struct Arguments {
    /// Stay up afterwards, and print commands to try
    #[arg(long)]
    keep: bool,
    /// Where to put everything
    #[arg(long)]
    folder: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => {
            anstream::println!("\n{GOOD}Every step came out as it should.{GOOD:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            anstream::eprintln!("\n{BAD}This did not come out as it should:{BAD:#} {error}");
            ExitCode::FAILURE
        }
    }
}

/// Says which step begins.
struct Steps {
    number: usize,
    started: Instant,
}

/// How many steps there are.
const STEPS: usize = 9;

impl Steps {
    fn begin(&mut self, title: &str) {
        self.number = self.number.saturating_add(1);
        let elapsed = self.started.elapsed().as_secs_f32();
        anstream::println!(
            "\n{TITLE}[{}/{STEPS}] {title}{TITLE:#} {FAINT}{elapsed:.1} s{FAINT:#}",
            self.number
        );
    }
}

/// Says what came out.
pub(crate) fn came_out(sentence: &str) {
    anstream::println!("  {GOOD}ok{GOOD:#} {sentence}");
}

async fn run(arguments: &Arguments) -> Result<(), Error> {
    let mut steps = Steps {
        number: 0,
        started: Instant::now(),
    };
    let folder = arguments.folder.clone();
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(Error::system("removing the last demo"))?;
    }

    steps.begin("Keys: a trust root, a key for each role, an enrolled enforcement point");
    let mut site = Site::create(Tools::from_environment()?, folder)?;
    let identity = IdentityProvider::new(7)?;
    came_out(&format!("trust root {}", site.path("root.json").display()));

    steps.begin("Policies: compile, sign and publish three packages, an extractor and a sink");
    site.publish_samples()?;
    came_out(&format!("registry {}", site.path("registry").display()));

    steps.begin("Release: one signed bundle, activated by the enforcement point");
    let report = site.release(&identity, "eu_residency")?;
    let upstream = Upstream::start().await?;
    site.start(upstream.address)?;
    let address = site.wait_for_epoch(1).await?;
    let bundle = report
        .get("bundle")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    came_out(&format!(
        "{bundle} enforced at http://{address} in front of http://{}",
        upstream.address
    ));

    steps.begin("Requests: what is decided, and why");
    requests::decide(&identity, address, &upstream).await?;

    steps.begin("A new bundle while requests are in flight");
    attacks::release_under_load(&site, &identity, address).await?;

    steps.begin("Tampering: a component is changed in the registry, and on its way to the gateway");
    attacks::tamper(&site, &identity, address).await?;

    steps.begin("The agent is killed: decisions go on");
    attacks::kill_agent(&site, &identity, address).await?;

    steps.begin("The gateway is killed under load: nothing that was answered is missing");
    let (address, answered) = attacks::kill_gateway(&site, &identity, address).await?;

    steps.begin("Evidence: verified with a key from outside, and one changed byte is found");
    evidence::verify(&site, &answered).await?;

    if arguments.keep {
        keep(&site, &identity, address).await?;
    }
    site.stop()?;
    let place = |name: &str| {
        site.path(name)
            .strip_prefix(repository())
            .unwrap_or(&site.path(name))
            .display()
            .to_string()
    };
    anstream::println!(
        "\nLeft to look at: {} and {}",
        place("registry"),
        place("evidence")
    );
    Ok(())
}

async fn keep(site: &Site, identity: &IdentityProvider, address: std::net::SocketAddr) -> Result<(), Error> {
    anstream::println!("\n{TITLE}Still up. Try:{TITLE:#}");
    for sample in requests::samples(identity)? {
        anstream::println!(
            "  {FAINT}# {}{FAINT:#}\n  {}",
            sample.title,
            sample.call.curl(address)
        );
    }
    anstream::println!("  {FAINT}# what the enforcement point says of itself{FAINT:#}");
    anstream::println!(
        "  curl --unix-socket {} http://localhost/status",
        site.admin().display()
    );
    anstream::println!("  {FAINT}# the record{FAINT:#}");
    let (aecp, evidence) = (site.tools.aecp.display(), site.path("evidence"));
    anstream::println!("  {aecp} evidence show {}", evidence.display());
    anstream::println!(
        "  {aecp} evidence verify {} --key '{}'",
        evidence.display(),
        site.log_verifier()?
    );
    anstream::println!("\nCtrl-C ends it.");
    tokio::signal::ctrl_c().await.map_err(Error::system("waiting"))
}
