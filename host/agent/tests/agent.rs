//! The agent between a real layout and a gateway that only talks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use aecp_agent::acknowledgement::Acknowledgement;
use aecp_agent::config::RegistrySource;
use aecp_agent::{Agent, AgentError, Config, Receipts, Source, Step};
use aecp_oci::testing::{Access, PASSWORD, RealRegistry, Setup, USER};
use aecp_oci::{Layout, NamedBlob, Registry, Store, Tag};
use aecp_trust::enrolment::Enrolment;
use aecp_trust::handover::{Answer, Limits, Offer};
use aecp_trust::receipt::{Outcome, Receipt};
use aecp_trust::{Delivery, Digest, SigningKey};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixListener;
use tokio::sync::mpsc;

struct Site {
    folder: tempfile::TempDir,
    layout: Layout,
    tag: Tag,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path().join("layout")).unwrap();
        Self {
            folder,
            layout,
            tag: "site".parse().unwrap(),
        }
    }

    fn config(&self) -> Config {
        Config {
            source: Source::Layout(self.layout.path().to_owned()),
            tag: self.tag.clone(),
            poll: Duration::from_millis(5),
            gateway: self.socket(),
            folder: self.folder.path().join("agent"),
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("gateway.sock")
    }

    fn component(number: u32) -> Vec<u8> {
        format!("component {number}").into_bytes()
    }

    fn publish(&self, number: u32) {
        self.publish_in(&self.layout, number);
    }

    fn publish_in(&self, store: &dyn Store, number: u32) {
        let component = Self::component(number);
        let files = [
            NamedBlob::bundle(format!("bundle {number}").into_bytes()),
            NamedBlob::attestation(&Digest::of(&component), b"attestation".to_vec()),
            NamedBlob::component(component),
            NamedBlob::native(b"native".to_vec()),
        ];
        store.push_bundle(&self.tag, &files, Some(b"freshness")).unwrap();
    }

    /// A gateway that reads what it is offered and gives `answer`.
    fn gateway(&self, answer: Answer) -> Gateway {
        let _ = std::fs::remove_file(self.socket());
        let listener = UnixListener::bind(self.socket()).unwrap();
        let (sender, offers) = mpsc::unbounded_channel();
        let serve = async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (reader, mut writer) = stream.split();
                let mut line = String::new();
                BufReader::new(reader).read_line(&mut line).await.unwrap();
                let folder = Offer::from_line(&line).unwrap().folder;
                assert!(folder.is_absolute());
                sender
                    .send(Delivery::read(&folder, &Limits::default()).unwrap())
                    .unwrap();
                writer.write_all(answer.to_line().as_bytes()).await.unwrap();
            }
        };
        Gateway {
            offers,
            task: tokio::spawn(serve),
        }
    }

    fn acknowledgement(&self) -> Acknowledgement {
        serde_json::from_slice(&std::fs::read(self.folder.path().join("agent/ack.json")).unwrap()).unwrap()
    }

    fn spooled(&self) -> usize {
        self.folder.path().join("agent/spool").read_dir().unwrap().count()
    }
}

struct Gateway {
    offers: mpsc::UnboundedReceiver<Delivery>,
    task: tokio::task::JoinHandle<()>,
}

impl Gateway {
    async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

fn activated(epoch: u64) -> Answer {
    Answer::Activated {
        bundle: Digest::of(b"bundle"),
        epoch,
        trust_root: 3,
    }
}

fn refused(code: &str) -> Answer {
    Answer::Refused {
        code: code.into(),
        reason: "for a test".into(),
        trust_root: 3,
    }
}

#[tokio::test]
async fn a_bundle_is_offered_once_and_again_when_it_changes() {
    let site = Site::new();
    let mut gateway = site.gateway(activated(7));
    let mut agent = Agent::new(site.config()).unwrap();
    assert_eq!(agent.step().await.unwrap(), Step::Nothing);

    site.publish(1);
    assert_eq!(agent.step().await.unwrap(), Step::Answered(activated(7)));
    let delivery = gateway.offers.try_recv().unwrap();
    assert_eq!(delivery.bundle, b"bundle 1");
    assert_eq!(delivery.freshness, b"freshness");
    let component = Digest::of(&Site::component(1));
    assert_eq!(delivery.attestations[&component], b"attestation");
    assert_eq!(&*delivery.blobs[&component], Site::component(1));
    assert_eq!(&*delivery.blobs[&Digest::of(b"native")], b"native");
    let acknowledgement = site.acknowledgement();
    assert_eq!(
        (acknowledgement.epoch, acknowledgement.answer),
        (Some(7), activated(7))
    );
    assert_eq!(site.spooled(), 0);

    assert_eq!(agent.step().await.unwrap(), Step::Settled);
    assert!(gateway.offers.try_recv().is_err());

    site.layout.renew_freshness(&site.tag, b"fresher").unwrap();
    assert_eq!(agent.step().await.unwrap(), Step::Answered(activated(7)));
    assert_eq!(gateway.offers.try_recv().unwrap().freshness, b"fresher");

    site.publish(2);
    assert_eq!(agent.step().await.unwrap(), Step::Answered(activated(7)));
    assert_eq!(gateway.offers.try_recv().unwrap().bundle, b"bundle 2");
}

#[tokio::test]
async fn a_refused_bundle_is_offered_again_only_to_another_run_of_the_gateway() {
    let site = Site::new();
    site.publish(1);
    let first = site.gateway(refused("component_bytes"));
    let mut agent = Agent::new(site.config()).unwrap();
    assert_eq!(
        agent.step().await.unwrap(),
        Step::Answered(refused("component_bytes"))
    );
    assert_eq!(agent.step().await.unwrap(), Step::Settled);
    let acknowledgement = site.acknowledgement();
    assert_eq!(
        (acknowledgement.bundle, acknowledgement.answer),
        (None, refused("component_bytes"))
    );

    first.stop().await;
    let mut second = site.gateway(activated(1));
    assert_eq!(agent.step().await.unwrap(), Step::Answered(activated(1)));
    assert_eq!(second.offers.try_recv().unwrap().bundle, b"bundle 1");
}

#[tokio::test(start_paused = true)]
async fn a_bundle_whose_time_has_not_come_is_offered_again_later() {
    let site = Site::new();
    site.publish(1);
    let _gateway = site.gateway(refused("bundle_not_yet_valid"));
    let mut agent = Agent::new(site.config()).unwrap();
    assert!(matches!(agent.step().await.unwrap(), Step::Answered(_)));
    assert_eq!(agent.step().await.unwrap(), Step::Settled);
    tokio::time::advance(aecp_agent::agent::PATIENCE).await;
    assert!(matches!(agent.step().await.unwrap(), Step::Answered(_)));
}

#[tokio::test]
async fn a_gateway_that_is_away_is_waited_for() {
    let site = Site::new();
    site.publish(1);
    let mut agent = Agent::new(site.config()).unwrap();
    for _ in 0..2 {
        let error = agent.step().await.unwrap_err();
        assert_eq!(error.code(), "gateway_unavailable");
        assert!(error.to_string().contains("gateway.sock"), "{error}");
        assert_eq!(site.spooled(), 1);
    }
    let _gateway = site.gateway(activated(1));
    assert_eq!(agent.step().await.unwrap(), Step::Answered(activated(1)));
    assert_eq!(site.spooled(), 0);
}

#[tokio::test]
async fn a_gateway_that_hangs_up_or_babbles_is_named() {
    let site = Site::new();
    site.publish(1);
    let mut agent = Agent::new(site.config()).unwrap();
    for (said, code) in [
        ("", "gateway_unavailable"),
        ("yes\n", "gateway_answer"),
        ("{}\n", "gateway_answer"),
    ] {
        let _ = std::fs::remove_file(site.socket());
        let listener = UnixListener::bind(site.socket()).unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut line = String::new();
            BufReader::new(&mut stream).read_line(&mut line).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
        };
        let (answer, ()) = tokio::join!(agent.step(), serve);
        assert_eq!(answer.unwrap_err().code(), code, "{said}");
    }
}

#[tokio::test]
async fn damage_in_the_layout_is_named_and_mended_later() {
    let site = Site::new();
    site.publish(1);
    let mut gateway = site.gateway(activated(1));
    let mut agent = Agent::new(site.config()).unwrap();
    let blob = blob_of(site.layout.path(), &Site::component(1));
    let good = std::fs::read(&blob).unwrap();
    std::fs::write(&blob, b"c0mponent 1").unwrap();
    let error = agent.step().await.unwrap_err();
    assert!(
        matches!(error, AgentError::Source(aecp_oci::Error::WrongDigest { .. })),
        "{error}"
    );
    assert!(error.to_string().contains(&Digest::of(&good).hex()), "{error}");
    assert!(gateway.offers.try_recv().is_err());
    std::fs::write(&blob, good).unwrap();
    assert_eq!(agent.step().await.unwrap(), Step::Answered(activated(1)));

    let index = site.layout.path().join("index.json");
    let good = std::fs::read(&index).unwrap();
    std::fs::write(&index, b"{").unwrap();
    let error = agent.step().await.unwrap_err();
    assert!(error.to_string().contains("index.json"), "{error}");
    std::fs::write(&index, good).unwrap();
    assert_eq!(agent.step().await.unwrap(), Step::Settled);
}

#[tokio::test]
async fn a_folder_has_one_agent_and_what_the_last_one_left_goes() {
    let site = Site::new();
    let left = site.folder.path().join("agent/spool/1/blobs");
    std::fs::create_dir_all(&left).unwrap();
    let agent = Agent::new(site.config()).unwrap();
    assert!(!left.exists());
    let error = Agent::new(site.config()).unwrap_err();
    assert!(matches!(error, AgentError::InUse { .. }), "{error}");
    drop(agent);
    assert!(Agent::new(site.config()).is_ok());
}

#[tokio::test]
async fn it_runs_until_it_is_told_to_end() {
    let site = Site::new();
    let mut gateway = site.gateway(activated(1));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let run = tokio::spawn(aecp_agent::run(site.config(), None, async {
        let _ = stopped.await;
    }));
    site.publish(1);
    assert_eq!(gateway.offers.recv().await.unwrap().bundle, b"bundle 1");
    site.publish(2);
    assert_eq!(gateway.offers.recv().await.unwrap().bundle, b"bundle 2");
    stop.send(()).unwrap();
    run.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_registry_is_watched_as_a_folder_is() {
    let mut registry = RealRegistry::with(Setup {
        access: Access::Password,
        ..Setup::default()
    });
    let site = Site::new();
    let login = site.folder.path().join("login.json");
    let source = RegistrySource {
        repository: registry.repository("aecp/bundles").parse().unwrap(),
        authorities: None,
        login: Some(login.clone()),
        plain_http: false,
    };
    let config = Config {
        source: Source::Registry(source.clone()),
        ..site.config()
    };
    let mut agent = Agent::new(config).unwrap();
    let error = agent.step().await.unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
    // A login is found without a new start.
    let auths = serde_json::json!({ registry.host(): { "username": USER, "password": PASSWORD } });
    std::fs::write(&login, serde_json::json!({ "auths": auths }).to_string()).unwrap();
    assert_eq!(agent.step().await.unwrap(), Step::Nothing);

    let publisher = publisher(&source, &login);
    site.publish_in(&publisher, 1);
    let mut gateway = site.gateway(activated(1));
    assert_eq!(agent.step().await.unwrap(), Step::Answered(activated(1)));
    let delivery = gateway.offers.try_recv().unwrap();
    assert_eq!(delivery.bundle, b"bundle 1");
    assert_eq!(delivery.freshness, b"freshness");
    assert_eq!(site.acknowledgement().source, source.repository.to_string());
    assert_eq!(agent.step().await.unwrap(), Step::Settled);

    registry.stop();
    let error = agent.step().await.unwrap_err();
    assert_eq!(error.code(), "source");
    assert!(error.to_string().contains("is the registry running?"), "{error}");
    registry.restart();
    assert_eq!(agent.step().await.unwrap(), Step::Settled);
    site.publish_in(&publisher, 2);
    assert_eq!(agent.step().await.unwrap(), Step::Answered(activated(1)));
    assert_eq!(gateway.offers.try_recv().unwrap().bundle, b"bundle 2");
}

fn publisher(source: &RegistrySource, login: &Path) -> Registry {
    let host = source.repository.host();
    let options = aecp_oci::registry::Options {
        credential: aecp_oci::registry::Credential::in_file(login, host).unwrap(),
        ..aecp_oci::registry::Options::default()
    };
    Registry::new(source.repository.clone(), options).unwrap()
}

#[tokio::test]
async fn an_agent_ends_at_once_though_its_registry_says_nothing() {
    let site = Site::new();
    // Connections are made, and nobody ever answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let config = Config {
        source: Source::Registry(RegistrySource {
            repository: format!("{address}/a").parse().unwrap(),
            authorities: None,
            login: None,
            plain_http: false,
        }),
        ..site.config()
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let run = tokio::spawn(aecp_agent::run(config, None, async {
        let _ = stopped.await;
    }));
    // It has asked once somebody is connected.
    let accepted = tokio::task::spawn_blocking(move || silent.accept().map(|(stream, _)| stream));
    let _stream = accepted.await.unwrap().unwrap();
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), run)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

fn enrolment(name: &str, key: &SigningKey) -> Enrolment {
    Enrolment {
        name: name.into(),
        labels: std::collections::BTreeMap::new(),
        log_key: "edge-1+12345678+AQ==".into(),
        receipt_key: key.public_key().clone(),
    }
}

#[tokio::test]
async fn what_the_gateway_answers_is_signed_by_the_enrolled_key() {
    let site = Site::new();
    site.publish(1);
    let key = || SigningKey::from_seed(&[7; 32]).unwrap();
    let enrolled = enrolment("edge-1", &key());
    let receipts = || Some(Receipts::new(&enrolled, Box::new(key())).unwrap());
    let path = site.folder.path().join("agent/receipt.dsse.json");
    let read = || Receipt::open(&std::fs::read(&path).unwrap(), &enrolled).unwrap();

    let gateway = site.gateway(activated(7));
    let mut agent = Agent::new(site.config()).unwrap().signing(receipts());
    agent.step().await.unwrap();
    let receipt = read();
    assert_eq!(receipt.enforcement_point, "edge-1");
    assert_eq!(
        (receipt.bundle, receipt.epoch()),
        (Digest::of(b"bundle"), Some(7))
    );
    assert_eq!(receipt.trust_root_version, 3);
    let acknowledgement = site.acknowledgement();
    assert!(acknowledgement.signed);
    assert_eq!(acknowledgement.time, receipt.time);
    gateway.stop().await;

    // What is refused is named by what was offered.
    let gateway = site.gateway(refused("rollback"));
    site.publish(2);
    agent.step().await.unwrap();
    let receipt = read();
    assert_eq!((receipt.bundle, receipt.epoch()), (Digest::of(b"bundle 2"), None));
    assert!(matches!(receipt.outcome, Outcome::Refused { code, .. } if code == "rollback"));
    gateway.stop().await;
    drop(agent);

    // An agent without the key says that it signs nothing, and leaves no old receipt to be taken for a new one.
    let _gateway = site.gateway(activated(8));
    let mut agent = Agent::new(site.config()).unwrap();
    agent.step().await.unwrap();
    assert!(!site.acknowledgement().signed);
    assert!(!path.exists());
}

#[test]
fn a_key_that_is_not_enrolled_gives_no_receipts() {
    let key = |seed: u8| SigningKey::from_seed(&[seed; 32]).unwrap();
    let error = Receipts::new(&enrolment("edge-1", &key(7)), Box::new(key(8))).unwrap_err();
    assert_eq!(error.enforcement_point, "edge-1");
    assert!(
        error.to_string().contains(&key(7).public_key().id().to_string()),
        "{error}"
    );
}

fn blob_of(layout: &Path, bytes: &[u8]) -> PathBuf {
    layout.join("blobs/sha256").join(Digest::of(bytes).hex())
}
