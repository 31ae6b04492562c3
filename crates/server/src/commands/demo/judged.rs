//! What the demo's half year came to: counted, told in bulletins with the office's proposals, and judged in letters of which
//! some are out and answered.

use jiban_domain::{
    ids::PersonId,
    policy::{BulletinKind, LetterKind},
};
use jiff::civil::Date;

use crate::{
    app::App,
    assess::{
        bulletins,
        letters::{self, top_unit},
        period::Period,
    },
    commands::Failure,
    desk::tally,
    http::auth::Staff,
};

/// Months told in bulletins.
const MONTHS: usize = 4;
/// Weeks told.
const WEEKS: usize = 3;
/// What the office proposes, in turn.
const PROPOSALS: [&str; 3] = [
    "对占道经营、噪音扰民集中的地点，由综合行政执法队会同社区开展错峰巡查，从办一件向管一类延伸。\n各单位对“未解决”“不满意”的诉求逐件复盘，一周内再次回访。",
    "加强夜间和周末值守，确保十分钟内联系诉求人。\n对重复反映的诉求，由社区书记包案，月底前见底。",
    "请城市建设办牵头排查老旧小区排水管网，汛期前完成清疏。\n把群众夸赞多的做法整理成案例，在网格员例会上分享。",
];

/// Counts, and makes bulletins and letters. `today` is the demo's day.
///
/// # Errors
/// A [`Failure`] of the store.
pub(super) async fn judge(app: &App, today: Date) -> Result<(), Failure> {
    tally::catch_up(app, tally::ALONE, |_| {}).await?;
    let snapshot = app.snapshot();
    let unit = top_unit(&snapshot);
    let first = app.store.read(|tx| jiban_store::tally::first_day(tx, jiban_store::cases::ALL_UNITS)).await?;
    let Some(first) = first.map(tally::date).transpose()? else { return Ok(()) };
    let staff = |id: &str| {
        let person = PersonId::new(id).map_err(|why| Failure(why.to_string()))?;
        Ok::<_, Failure>(Staff::of(&snapshot, person, [0; 32]))
    };
    let (office, leader) = (staff("xlb1")?, staff("leader1")?);
    for (kind, periods) in [(BulletinKind::Monthly, MONTHS), (BulletinKind::Weekly, WEEKS)] {
        for (period, proposals) in latest(kind, today, periods)?.into_iter().zip(PROPOSALS.iter().cycle()) {
            if period.last < first {
                continue;
            }
            let made = bulletins::make(app, kind, &unit, period).await?;
            bulletins::propose(app, made.id, (*proposals).to_owned()).await?;
            bulletins::archive(app, made.id, office.actor.clone()).await?;
        }
    }
    bulletins::due(app).await?;
    // One of each kind is out, a reminder is answered; the rest waits for whoever tries the demo.
    for kind in [LetterKind::Commendation, LetterKind::Reminder] {
        let drafted = letters::draft_by_rules(app).await?;
        let waiting = letters::list(app, None, Some(letters::LetterState::Draft), None, 50).await?;
        let Some(letter) = drafted.iter().chain(&waiting).find(|letter| letter.kind == kind) else { continue };
        letters::issue(app, &leader, letter.id).await?;
        if kind == LetterKind::Reminder {
            letters::acknowledge(app, &office, letter.id, "已逐件查找原因，调整了值守安排。".to_owned()).await?;
        }
    }
    Ok(())
}

/// The latest whole periods of a kind, the newest first.
fn latest(kind: BulletinKind, today: Date, count: usize) -> Result<Vec<Period>, Failure> {
    let fault = |why: jiff::Error| Failure(why.to_string());
    let mut periods = vec![Period::before(kind, today).map_err(fault)?];
    while periods.len() < count {
        let earlier = periods[periods.len() - 1].previous().map_err(fault)?;
        periods.push(earlier);
    }
    Ok(periods)
}
