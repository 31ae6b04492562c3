//! A short fingerprint of a text: texts that say nearly the same have nearly the same bits, however long they are.
//!
//! Simhash over triples of characters. It is stored, so the sum below must never change; a better one gets a new name.

use crate::{hash::hash, normalise};

/// Characters in a gram.
const GRAM: usize = 3;

/// 64 bits of a text: letters, digits and Han characters of its normal form, in triples. A text without any is 0.
pub fn fingerprint(text: &str) -> u64 {
    let chars: Vec<char> = normalise(text).chars().filter(|c| c.is_alphanumeric()).collect();
    if chars.is_empty() {
        return 0;
    }
    let mut sums = [0_i32; 64];
    for gram in chars.windows(GRAM.min(chars.len())) {
        let hash = hash(gram.iter().flat_map(|c| u32::from(*c).to_le_bytes()));
        for (bit, sum) in sums.iter_mut().enumerate() {
            *sum += if hash >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    sums.iter().enumerate().fold(0, |bits, (bit, sum)| bits | u64::from(*sum > 0) << bit)
}

/// In how many bits two fingerprints differ: 0 of the same text, about 32 of texts that have nothing in common.
pub fn distance(one: u64, other: u64) -> u32 {
    (one ^ other).count_ones()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str =
        "东门老街美食街88号楼下餐馆每天晚上油烟很大，噪音扰民到凌晨两点，多次反映没有人处理，请尽快派人来看一看。";

    #[test]
    fn the_stored_sum_never_changes() {
        assert_eq!(fingerprint(TEXT), 15_998_802_959_322_582_935);
        assert_eq!(fingerprint("油"), 15_197_501_418_502_037_595);
        assert_eq!(fingerprint("。，"), 0);
    }

    #[test]
    fn the_same_matter_said_again_is_near_and_another_is_far() {
        let again = "东门老街美食街88号楼下的餐馆每天晚上油烟很大,噪音扰民到凌晨2点,多次反映没人处理,请尽快派人来看看!";
        let other = "人民公园路小区停车位不够，车辆乱停乱放堵住消防通道，物业不管，希望交警和街道一起来整治，谢谢。";
        assert_eq!(distance(fingerprint(TEXT), fingerprint(&TEXT.replace('，', " , "))), 0, "signs do not count");
        let (near, far) =
            (distance(fingerprint(TEXT), fingerprint(again)), distance(fingerprint(TEXT), fingerprint(other)));
        assert!(near <= 16 && far >= 24, "near {near}, far {far}");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(one in any::<String>(), other in any::<String>()) {
            let (one, other) = (fingerprint(&one), fingerprint(&other));
            prop_assert_eq!(distance(one, other), distance(other, one));
            prop_assert_eq!(distance(one, one), 0);
        }
    }
}
