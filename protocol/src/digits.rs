//! The decimal digits of every script, all of which Python's `int()` and `float()` read.

/// The digit zero of each script but ours; the other nine follow it. The characters of category Nd, as of Unicode 18.
const ZEROS: [u32; 76] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0,
    0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50,
    0x11d50, 0x11da0, 0x11de0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8,
    0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// What a decimal digit stands for: 5 for `5`, `٥` and `５`. None for all else, such as `²`, `½` and `五`.
pub fn digit(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let c = u32::from(c);
    let before = ZEROS.partition_point(|&zero| zero <= c).checked_sub(1)?;
    ZEROS.get(before).map(|zero| c - zero).filter(|&digit| digit < 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_any_script() {
        for (digits, what) in [
            ("0123456789", "ASCII"),
            ("٠١٢٣٤٥٦٧٨٩", "Arabic"),
            ("۰۱۲۳۴۵۶۷۸۹", "Persian"),
            ("०१२३४५६७८९", "Devanagari"),
            ("０１２３４５６７８９", "full width"),
            ("𝟢𝟣𝟤𝟥𝟦𝟧𝟨𝟩𝟪𝟫", "mathematical"),
            ("🯰🯱🯲🯳🯴🯵🯶🯷🯸🯹", "segmented"),
        ] {
            assert!(digits.chars().map(digit).eq((0..10).map(Some)), "{what}");
        }
        for c in "a²½五Ⅷ①\u{66a}\u{65f}\u{1d7cd}\u{1fbfa}\u{10ffff}/:é".chars() {
            assert_eq!(digit(c), None, "{c:?}");
        }
    }

    #[test]
    fn the_table_is_sorted_without_overlaps() {
        assert!(ZEROS.windows(2).all(|pair| pair[0] + 10 <= pair[1]));
        // The standard library knows numbers too, of more kinds and perhaps fewer scripts.
        let of_unicode_14 = |zero: &u32| ![0x11de0].contains(zero);
        for zero in ZEROS.iter().filter(|zero| of_unicode_14(zero)) {
            for c in *zero..zero + 10 {
                assert!(char::from_u32(c).is_some_and(char::is_numeric), "{c:x}");
            }
        }
    }
}
