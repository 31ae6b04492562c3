//! Guides to services of the demo's subdistrict 办事指南, made up as everything else in it.

use jiban_domain::{
    event::Actor,
    guide::{Act, Guide, Text},
    ids::{GuideId, PersonId, UnitId},
    neighbourhood::Section,
};
use jiban_store::StoreError;
use serde_json::json;
use uuid::Uuid;

use crate::{ahead::works, app::App, commands::Failure};

/// Unit, section, title, who may, what to bring, where, when, phone, how it goes.
type Told = (&'static str, Section, [&'static str; 7]);

const GUIDES: [Told; 8] = [
    (
        "lh.dm",
        Section::Convenience,
        [
            "居住证申领",
            "在本辖区居住登记满半年，且有合法稳定住所、稳定就业或连续就读的居民。",
            "身份证\n近期照片（可现场拍摄）\n租赁合同或房产证明",
            "居住地社区便民服务窗口",
            "工作日 9:00—12:00，14:00—18:00",
            "0755-2550-0000",
            "一、先在社区登记居住信息，当场办结。\n二、登记满半年后到任一社区窗口提交材料。\n三、十五个工作日内制证，可邮寄到家。\n不收费。",
        ],
    ),
    (
        "lh.dm",
        Section::Convenience,
        [
            "电动自行车登记上牌",
            "本辖区居民、快递外卖从业人员。",
            "身份证\n购车发票\n车辆合格证",
            "各社区便民服务窗口",
            "工作日 9:00—18:00",
            "0755-2550-0000",
            "一、带车到窗口核对车架号、电机号。\n二、现场发放号牌并安装，约二十分钟。\n请勿进楼入户充电，集中充电点见“身边服务”。",
        ],
    ),
    (
        "lh.dm",
        Section::PublicGood,
        [
            "高龄老人津贴申领",
            "年满 80 周岁的本辖区户籍老人；可由家属代办。",
            "身份证\n户口本\n本人银行卡",
            "居住地社区党群服务中心",
            "工作日 9:00—18:00",
            "0755-2550-0000",
            "一、到社区填表，行动不便的可预约上门。\n二、社区核对后报街道，次月起发放到卡。\n三、每年核对一次，可视频办理。",
        ],
    ),
    (
        "lh.dm",
        Section::PublicGood,
        [
            "邻里纠纷申请调解",
            "因噪声、漏水、通行、物业等发生纠纷的居民和商户。",
            "身份证\n有关照片、合同等（有则带）",
            "就近的社区调解工作室，或群众诉求服务大厅",
            "工作日 9:00—18:00",
            "0755-2550-0000",
            "一、口头或扫码提出即可，不收费。\n二、三日内约双方到场，调解员主持。\n三、达成一致的签订协议，可申请司法确认；不成的，同一窗口转法律援助。",
        ],
    ),
    (
        "lh.dm",
        Section::Business,
        [
            "个体工商户注册",
            "拟在本辖区经营的个人。",
            "身份证\n经营场所证明",
            "自助办照点（24 小时），或企业服务窗口",
            "自助办照点 24 小时；窗口工作日 9:00—18:00",
            "0755-2550-0000",
            "一、在自助机上刷身份证、拍照、填报名称。\n二、系统核对后当场打印营业执照。\n三、需要后续许可的，窗口一次告知。",
        ],
    ),
    (
        "lh.dm",
        Section::Business,
        [
            "店铺招牌设置备案",
            "沿街商户。",
            "营业执照\n招牌效果图（注明尺寸）",
            "企业服务窗口",
            "工作日 9:00—18:00",
            "0755-2550-0000",
            "一、按街区色彩与尺寸指引做效果图。\n二、窗口备案，三个工作日内答复。\n三、台风季前请自查牢固，需要检测的可以预约。",
        ],
    ),
    (
        "lh.dm.c01",
        Section::Party,
        [
            "在职党员到青云社区报到",
            "工作或居住在青云社区的在职党员。",
            "党组织介绍信，或扫码登记",
            "青云社区党群服务中心",
            "9:00—21:00",
            "0755-2550-0101",
            "一、登记特长与可服务时间。\n二、认领服务项目，如敬老、助学、夜巡。\n三、服务时长由社区记录，年底反馈所在单位。",
        ],
    ),
    (
        "lh.dm.c02",
        Section::PublicGood,
        [
            "和平里社区书法课报名",
            "和平里社区居民，六岁以上。",
            "无需材料，笔墨自备",
            "和平里社区党群服务中心",
            "每周六 15:00—17:00",
            "0755-2550-0102",
            "一、电话或现场报名，每期二十人。\n二、免费，缺课三次的名额转给候补。",
        ],
    ),
];

/// Puts them up.
///
/// # Errors
/// A [`Failure`] of the store, or a refusal.
pub(super) async fn put_up(app: &App) -> Result<(), Failure> {
    let snapshot = app.snapshot();
    let by = Actor::Person(PersonId::new("xlb1").map_err(|why| Failure(why.to_string()))?);
    let now = app.now().await?;
    let mut guides = Vec::new();
    for (unit, section, [title, who, bring, place, hours, phone, text]) in GUIDES {
        let unit = UnitId::new(unit).map_err(|why| Failure(why.to_string()))?;
        let text = Text {
            title: title.to_owned(),
            section,
            who: who.to_owned(),
            bring: bring.to_owned(),
            place: place.to_owned(),
            hours: hours.to_owned(),
            phone: phone.to_owned(),
            text: text.to_owned(),
        };
        let refused = |refusal: jiban_domain::refusal::Refusal| Failure(refusal.to_string());
        let mut guide = Guide::write(GuideId(Uuid::now_v7()), unit, text, &by, now).map_err(refused)?;
        guide.act(Act::Publish, &by, now).map_err(refused)?;
        guides.push(guide);
    }
    let put = move |tx: &mut jiban_store::WriteTx<'_>| -> Result<(), StoreError> {
        guides.iter().try_for_each(|guide| {
            works::put(tx, &snapshot, guide, &by, &("guide_published", json!({ "title": guide.text.title })))
        })
    };
    app.store.write(put).await?;
    Ok(())
}
