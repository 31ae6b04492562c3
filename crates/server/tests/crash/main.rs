//! The program is killed at any moment and keeps its word: what it acknowledged is there, what is asked twice is done
//! once, each clock ends exactly once, and every chain is whole.
//!
//! The real `jiban serve` is ended by SIGKILL while clients work, and started again, over SQLite as one node and over a
//! real PostgreSQL as three. `JIBAN_CRASH_ROUNDS` says how often (`cargo xtask crash`: a hundred times); the points are
//! random, and a run tells its seed. Nothing here may reach into the program while it serves, but by HTTP and the
//! command line.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends when something is not as it should be, and this one tells its figures"
)]

mod check;
mod load;
mod node;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use jiban_store::{
    Engine,
    testkit::{TestDb, block_on},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use self::{
    check::Ledger,
    load::Client,
    node::{Installation, Node},
};

/// Rounds where nothing is said.
const ROUNDS: usize = 5;
/// Clients at work at once.
const CLIENTS: usize = 8;
/// When the kill comes, in ms of load.
const KILL_AFTER_MS: std::ops::Range<u64> = 20..400;
/// How long the others go on after a node was killed, in ms.
const GO_ON_MS: std::ops::Range<u64> = 50..250;
/// How often a process that starts again is killed once more, and after how many ms: about the time it takes.
const STUMBLE: f64 = 0.3;
const STUMBLE_MS: std::ops::Range<u64> = 1..40;
/// Cases brought in for each round whose clocks come due around the kill.
const DUE_CASES: usize = 6;

#[test]
fn one_node_on_sqlite_loses_nothing_and_doubles_nothing() {
    block_on(rounds(&TestDb::new(Engine::Sqlite), 1));
}

#[test]
fn three_nodes_on_postgres_lose_nothing_and_double_nothing() {
    block_on(rounds(&TestDb::new(Engine::Postgres), 3));
}

/// A whole number from the environment.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
}

async fn rounds(db: &TestDb, size: usize) {
    let seed = asked("JIBAN_SEED").unwrap_or_else(|| rand::random::<u32>().into());
    let count = asked("JIBAN_CRASH_ROUNDS").map_or(ROUNDS, |count| usize::try_from(count).unwrap());
    // Shown where the test fails, at whatever point it does.
    println!("seed {seed}; the same points again: JIBAN_SEED={seed} cargo nextest run -p jiban --test crash");
    let mut random = StdRng::seed_from_u64(seed);
    let installation = Installation::new(db.url());
    let mut nodes: Vec<Node> = (0..size).map(|_| installation.serve()).collect();
    let staff = load::sign_in(&nodes[0].base).await;
    let mut clients: Vec<Client> = (0..CLIENTS).map(|name| Client::new(name, random.random(), &staff)).collect();
    let mut ledger = Ledger::default();
    for round in 1..=count {
        let due = check::bring_in_due(&installation, DUE_CASES, &mut random).await;
        ledger.brought_in(&due);
        let killed = random.random_range(0..size);
        clients = under_load(&mut nodes, killed, clients, due, &mut random).await;
        if random.random_bool(STUMBLE) {
            installation.stumble(Duration::from_millis(random.random_range(STUMBLE_MS)));
        }
        nodes[killed] = installation.serve();
        // Whatever had no answer is asked again, and some of what had one.
        clients = each(clients, &nodes, |mut client| async {
            client.ask_again().await;
            client
        })
        .await;
        let done = clients.iter_mut().flat_map(Client::take_done).collect();
        ledger.check_round(&format!("seed {seed}, round {round}"), &nodes[killed].base, &staff, done).await;
    }
    let figures = ledger.check_all(&format!("seed {seed}"), &installation).await;
    installation.jiban(&["audit", "verify", "--json"]);
    let nodes = if size == 1 { "one node on SQLite".to_owned() } else { format!("{size} nodes on PostgreSQL") };
    println!("crash: {nodes}: {count} rounds, {figures}; every chain is whole");
}

/// Lets the clients work, kills one node at a random moment, and lets the others go on for a while.
async fn under_load(
    nodes: &mut [Node],
    killed: usize,
    clients: Vec<Client>,
    due: Vec<String>,
    random: &mut StdRng,
) -> Vec<Client> {
    let (stop, due) = (Arc::new(AtomicBool::new(false)), Arc::new(due));
    let working = each(clients, nodes, |mut client| {
        let (stop, due) = (Arc::clone(&stop), Arc::clone(&due));
        async move {
            client.work(&due, &stop).await;
            client
        }
    });
    let alone = nodes.len() == 1;
    let (kill_after, go_on) = (random.random_range(KILL_AFTER_MS), random.random_range(GO_ON_MS));
    let killing = async {
        // The random moment itself: there is nothing to wait for.
        tokio::time::sleep(Duration::from_millis(kill_after)).await;
        nodes[killed].kill();
        if !alone {
            tokio::time::sleep(Duration::from_millis(go_on)).await;
        }
        stop.store(true, Ordering::SeqCst);
    };
    tokio::join!(working, killing).0
}

/// Does something with every client at once, each on a task of its own.
fn each<F, A>(clients: Vec<Client>, nodes: &[Node], act: A) -> impl Future<Output = Vec<Client>> + use<F, A>
where
    F: Future<Output = Client> + Send + 'static,
    A: Fn(Client) -> F,
{
    let bases: Arc<[String]> = nodes.iter().map(|node| node.base.clone()).collect();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            client.meet(&bases);
            tokio::spawn(act(client))
        })
        .collect();
    async {
        join_all(tasks).await.into_iter().map(|done| done.unwrap_or_else(|why| panic!("a client: {why}"))).collect()
    }
}
