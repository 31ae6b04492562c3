//! The organisation 组织架构: units as a tree, grids as areas, people with posts, spots, service points, streets, the duty roster.
//!
//! One immutable snapshot, built and checked at once from a [`Draft`], stored as one document. All questions that a
//! decision asks of it are answered from indexes made when it is built. This module must never know a case.

mod area;
mod build;
mod check;
mod gcj02;
pub mod import;
mod roster;
mod services;
mod streets;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use geo::MultiPolygon;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    build::Draft,
    check::{OrgFault, Severity},
    gcj02::{to_gcj02, to_wgs84},
    roster::ShiftKey,
    services::{Near, Service},
    streets::{Place, Street, Streets, Walk},
};
use crate::{
    ids::{PersonId, PostId, ServiceId, SpotId, UnitId},
    policy::Name,
};

/// Kind of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// 市
    City,
    /// 区
    District,
    /// 街道
    Subdistrict,
    /// 办公室、部门
    Office,
    /// 信联办
    Liaison,
    /// 纪检监察
    Discipline,
    /// 执法队
    Enforcement,
    /// 社区
    Community,
    /// 综合网格
    Grid,
    /// 区直部门
    Bureau,
}

impl UnitKind {
    /// All, from the top down.
    pub const ALL: [Self; 10] = [
        Self::City,
        Self::District,
        Self::Subdistrict,
        Self::Office,
        Self::Liaison,
        Self::Discipline,
        Self::Enforcement,
        Self::Community,
        Self::Grid,
        Self::Bureau,
    ];

    /// What people see, in Chinese and in English.
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::City => ("市", "city"),
            Self::District => ("区", "district"),
            Self::Subdistrict => ("街道", "subdistrict"),
            Self::Office => ("办公室", "office"),
            Self::Liaison => ("信联办", "liaison office"),
            Self::Discipline => ("纪检监察", "discipline office"),
            Self::Enforcement => ("执法队", "enforcement team"),
            Self::Community => ("社区", "community"),
            Self::Grid => ("综合网格", "grid"),
            Self::Bureau => ("区直部门", "bureau"),
        }
    }
}

/// What a post lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 网格员
    GridWorker,
    /// 经办人员
    Staff,
    /// 社区工作人员
    Community,
    /// 信联办人员
    Liaison,
    /// 值班员
    Duty,
    /// 领导
    Leader,
    /// 纪检人员
    Discipline,
    /// 共建单位
    Partner,
    /// 系统管理员
    Admin,
}

impl Role {
    /// All, from the grid up.
    pub const ALL: [Self; 9] = [
        Self::GridWorker,
        Self::Staff,
        Self::Community,
        Self::Liaison,
        Self::Duty,
        Self::Leader,
        Self::Discipline,
        Self::Partner,
        Self::Admin,
    ];

    /// What people see, in Chinese and in English.
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::GridWorker => ("网格员", "grid worker"),
            Self::Staff => ("经办人员", "staff"),
            Self::Community => ("社区工作人员", "community"),
            Self::Liaison => ("信联办人员", "liaison office"),
            Self::Duty => ("值班员", "duty officer"),
            Self::Leader => ("领导", "leader"),
            Self::Discipline => ("纪检人员", "discipline office"),
            Self::Partner => ("共建单位", "partner"),
            Self::Admin => ("系统管理员", "administrator"),
        }
    }
}

/// A unit 单位.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Code.
    pub id: UnitId,
    /// Name.
    pub name: Name,
    /// Kind.
    pub kind: UnitKind,
    /// Unit above; none for the top.
    pub parent: Option<UnitId>,
    /// Its area, WGS84 longitude and latitude in degrees, as GeoJSON geometry.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "area::geometry")]
    pub area: Option<MultiPolygon<f64>>,
    /// Published phone number 干群连心线.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hotline: Option<String>,
    /// The mentor 指导员 whom a grid turns to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentor: Option<PersonId>,
    /// Whether cases may still go there.
    pub active: bool,
}

/// A role in a unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Post {
    /// Where.
    pub unit: UnitId,
    /// As what.
    pub role: Role,
}

/// A member of staff, a partner, or an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Code; also the sign-in name unless another is given.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Posts.
    pub posts: Vec<Post>,
    /// Titles that seats of a team ask for, e.g. `party_delegate`.
    #[serde(default)]
    pub titles: BTreeSet<String>,
    /// Phone at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_phone: Option<String>,
    /// E-mail at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether they may sign in.
    pub active: bool,
}

/// A spot 点位 with a QR code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// Code, as in the QR address.
    pub id: SpotId,
    /// Name.
    pub name: String,
    /// Its grid.
    pub grid: UnitId,
    /// Longitude, WGS84 degrees.
    pub lon: f64,
    /// Latitude, WGS84 degrees.
    pub lat: f64,
    /// Address.
    pub address: String,
    /// What kind of place, in the subdistrict's own words, e.g. 楼栋; empty where nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
}

/// A turn of duty 值班班次.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Which post.
    pub post: PostId,
    /// Of which unit.
    pub unit: UnitId,
    /// Who.
    pub person: PersonId,
    /// From when on.
    pub from: Timestamp,
    /// Until before when.
    pub to: Timestamp,
    /// Place in the ringing order, from 1: who is next if nobody answers.
    pub order: u32,
    /// Whose turn it was before somebody took it over 换班; none where nothing was swapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<PersonId>,
}

/// The whole organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Draft", into = "Draft")]
pub struct Organisation {
    draft: Draft,
    tree: tree::Tree,
    people: BTreeMap<UnitId, Vec<PersonId>>,
    roster: roster::Roster,
    areas: area::Index,
    services: services::Index,
    streets: Streets,
}

impl Organisation {
    /// Every unit.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.draft.units.values()
    }

    /// Every person.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.draft.people.values()
    }

    /// Every spot.
    pub fn spots(&self) -> impl Iterator<Item = &Spot> {
        self.draft.spots.values()
    }

    /// Every service point.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.draft.services.values()
    }

    /// The roster.
    pub fn roster(&self) -> &[Shift] {
        &self.draft.roster
    }

    /// What it was built from: the base of a re-import.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// A unit.
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.draft.units.get(id)
    }

    /// A person.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.draft.people.get(id)
    }

    /// A spot.
    pub fn spot(&self, id: &SpotId) -> Option<&Spot> {
        self.draft.spots.get(id)
    }

    /// A service point.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.draft.services.get(id)
    }

    /// The unit itself, then each unit above it. Empty for an unknown unit.
    pub fn lineage<'a>(&'a self, id: &UnitId) -> impl Iterator<Item = &'a UnitId> + use<'a> {
        let parent = |unit: &&'a Unit| unit.parent.as_ref().and_then(|id| self.unit(id));
        std::iter::successors(self.unit(id), parent).map(|unit| &unit.id)
    }

    /// Whether `unit` is `top` or below it.
    pub fn is_within(&self, unit: &UnitId, top: &UnitId) -> bool {
        self.tree.is_within(unit, top)
    }

    /// The unit itself and every unit below it, parents before children.
    pub fn below<'a>(&'a self, id: &UnitId) -> impl Iterator<Item = &'a UnitId> + use<'a> {
        self.tree.below(id).iter()
    }

    /// These units with all above them: who may see what they see.
    pub fn scope_of<'i>(&self, units: impl IntoIterator<Item = &'i UnitId>) -> BTreeSet<UnitId> {
        units.into_iter().flat_map(|unit| self.lineage(unit)).cloned().collect()
    }

    /// Whether both have the same units under the same parents: then every case is seen by the same units.
    pub fn has_same_tree(&self, other: &Self) -> bool {
        let tree = |organisation: &Self| -> Vec<(UnitId, Option<UnitId>)> {
            organisation.units().map(|unit| (unit.id.clone(), unit.parent.clone())).collect()
        };
        tree(self) == tree(other)
    }

    /// Active grids.
    pub fn grids(&self) -> impl Iterator<Item = &Unit> {
        self.units().filter(|unit| unit.kind == UnitKind::Grid && unit.active)
    }

    /// The grid at a point (WGS84 degrees). A point on a border belongs to one grid, always the same.
    pub fn grid_at(&self, lon: f64, lat: f64) -> Option<&UnitId> {
        self.areas.at(lon, lat)
    }

    /// The grid at a point, or else the nearest within `max_metres`; of grids equally near, the one with the lower code.
    pub fn nearest_grid(&self, lon: f64, lat: f64, max_metres: f64) -> Option<&UnitId> {
        self.grid_at(lon, lat).or_else(|| self.areas.nearest(lon, lat, max_metres).map(|(id, _)| id))
    }

    /// The active liaison office 信联办 nearest to the top; of equals, the one with the lowest code.
    ///
    /// Which one dispatches is the policy's to say; this is for a policy that is being written.
    pub fn liaison_office(&self) -> Option<&UnitId> {
        let offices = self.units().filter(|unit| unit.kind == UnitKind::Liaison && unit.active);
        offices.map(|unit| &unit.id).min_by_key(|id| self.lineage(id).count())
    }

    /// The community of a grid, or of a community itself.
    pub fn community_of(&self, unit: &UnitId) -> Option<&UnitId> {
        self.lineage(unit).find(|id| self.unit(id).is_some_and(|unit| unit.kind == UnitKind::Community))
    }

    /// People with a post in this very unit.
    pub fn people_of(&self, unit: &UnitId) -> Vec<&Person> {
        self.people.get(unit).into_iter().flatten().filter_map(|id| self.person(id)).collect()
    }

    /// Active people with this role in this very unit.
    pub fn with_role(&self, unit: &UnitId, role: Role) -> Vec<&Person> {
        let holds = |person: &&Person| person.active && person.posts.iter().any(|p| p.role == role && p.unit == *unit);
        self.people_of(unit).into_iter().filter(holds).collect()
    }

    /// Active people with this role in the unit, or else in the nearest unit above (or an office of it) that has any.
    pub fn with_role_over(&self, unit: &UnitId, role: Role) -> Vec<&Person> {
        let at = |id: &UnitId| {
            let offices = self.tree.children(id).iter().filter(|id| {
                self.unit(id).is_some_and(|unit| matches!(unit.kind, UnitKind::Liaison | UnitKind::Discipline))
            });
            std::iter::once(id).chain(offices).flat_map(|id| self.with_role(id, role)).collect::<Vec<_>>()
        };
        self.lineage(unit).map(at).find(|people| !people.is_empty()).unwrap_or_default()
    }

    /// The nearest leaders at or above the unit.
    pub fn leaders_over(&self, unit: &UnitId) -> Vec<&Person> {
        self.with_role_over(unit, Role::Leader)
    }

    /// Who is on duty in a post of a unit at a moment, in ringing order: the first holds the phone.
    pub fn on_duty(&self, post: &PostId, unit: &UnitId, at: Timestamp) -> Vec<&Person> {
        let mut seen = BTreeSet::new();
        let shifts = self.roster.at(&self.draft.roster, post, unit, at).into_iter();
        let people = shifts.filter(|shift| seen.insert(&shift.person)).filter_map(|shift| self.person(&shift.person));
        people.filter(|person| person.active).collect()
    }
}

impl Organisation {
    /// The areas of active grids as a GeoJSON FeatureCollection, WGS84; each feature names its `unit`.
    pub fn areas_geojson(&self) -> serde_json::Value {
        let feature = |unit: &Unit| {
            let geometry = unit.area.as_ref().map(geojson::Geometry::from)?;
            let properties = serde_json::json!({ "unit": unit.id, "name": unit.name, "parent": unit.parent });
            Some(serde_json::json!({ "type": "Feature", "geometry": geometry, "properties": properties }))
        };
        let features: Vec<_> = self.grids().filter_map(feature).collect();
        serde_json::json!({ "type": "FeatureCollection", "features": features })
    }
}
