use std::collections::BTreeSet;

use super::*;

#[test]
fn lists_are_well_formed_and_found_as_they_are_displayed() {
    for framework in &FRAMEWORKS {
        let mut seen = BTreeSet::new();
        for line in framework.text.lines().filter(|line| !line.starts_with('#')) {
            let (identifier, title) = line.split_once('\t').expect(line);
            assert!(seen.insert(identifier), "{line}");
            assert!(
                !title.trim().is_empty() && title.trim() == title && title.len() <= 80,
                "{line}"
            );
            assert!(!title.contains('\t'), "{line}");
            let canonical = format!("{} {}{identifier}", framework.name, framework.designation);
            let control = find(&canonical).unwrap();
            assert_eq!(control.to_string(), canonical);
            assert_eq!((control.identifier, control.title), (identifier, title));
        }
        assert!(seen.len() > 30, "{}", framework.name);
    }
}

#[test]
fn the_usual_spellings_are_one() {
    let spelled = |written: &str| find(written).map(|control| control.to_string()).unwrap();
    for (canonical, spellings) in [
        (
            "GDPR Art. 44",
            &[
                "GDPR Article 44",
                "gdpr art.44",
                "GDPR 44",
                "GDPR: Art 44",
                " EU GDPR Art. 44 ",
            ][..],
        ),
        ("GDPR Art. 5(1)(b)", &["GDPR Article 5 (1) (b)"]),
        (
            "PCI DSS 7.2.1",
            &[
                "PCI-DSS 7.2.1",
                "PCI_DSS 7.2.1",
                "PCIDSS 7.2.1",
                "PCI DSS v4.0.1 7.2.1",
                "PCI DSS 4.0 Req. 7.2.1",
                "PCI DSS Requirement 7.2.1",
            ],
        ),
        ("PCI DSS 7", &["PCI DSS Req. 7."]),
        (
            "HIPAA 164.312(a)(2)(iv)",
            &[
                "HIPAA § 164.312(a)(2)(iv)",
                "45 CFR 164.312 (a)(2)(iv)",
                "HIPAA 45 CFR §164.312(a)(2)(iv)",
            ],
        ),
        ("HIPAA 164.502(b)", &["hipaa 164.502(b)"]),
        (
            "SOC 2 CC6.1",
            &["SOC2 cc6.1", "SOC-2 CC6.1", "SOC 2 TSC CC6.1", "TSC CC 6.1"],
        ),
        (
            "NIST SP 800-53 AC-3",
            &[
                "NIST 800-53 AC-3",
                "NIST SP 800-53 Rev. 5 AC-03",
                "NIST SP800-53r5 AC-3",
                "nist ac-3",
            ],
        ),
        (
            "NIST SP 800-53 AC-3(7)",
            &["NIST 800-53 AC-3 (7)", "NIST SP 800-53 AC-03(07)"],
        ),
    ] {
        assert_eq!(spelled(canonical), canonical);
        for spelling in spellings {
            assert_eq!(spelled(spelling), canonical, "{spelling}");
        }
    }
}

#[test]
fn what_does_not_exist_has_near_ones() {
    let near = |written: &str| match find(written).unwrap_err() {
        UnknownControl::Framework { near, .. } | UnknownControl::Control { near, .. } => near,
        UnknownControl::Part { .. } => panic!("{written}"),
    };
    assert_eq!(
        near("PCI DSS 7.2.9"),
        ["PCI DSS 7.2.4", "PCI DSS 7.2.5", "PCI DSS 7.2.6"]
    );
    assert_eq!(near("GDPR Art. 99").last().unwrap(), "GDPR Art. 49");
    assert_eq!(near("SOC 2 CC6.9").last().unwrap(), "SOC 2 CC6.8");
    assert!(near("NIST SP 800-53 AC-15").contains(&"NIST SP 800-53 AC-16".to_owned()));
    assert_eq!(near("NIST SP 800-53 AV-3").len(), 3);
    assert!(near("HIPAA 164.313").contains(&"HIPAA 164.312".to_owned()));
    assert_eq!(near("GPDR Art. 44"), ["GDPR Art. 44"]);
    assert_eq!(near("HIPPA 164.312(a)"), ["HIPAA 164.312(a)"]);
    assert_eq!(near("CC6.1"), ["SOC 2 CC6.1"]);
    assert_eq!(near("GDRP"), ["GDPR"]);
    assert_eq!(near("ISO 27001 A.5.1"), [""; 0]);
    assert_eq!(near(""), [""; 0]);
    assert_eq!(near("GDPR"), ["GDPR"]);
}

#[test]
fn parts_have_the_form_of_their_framework() {
    for written in [
        "HIPAA 164.312(1)",
        "HIPAA 164.312(a)(1",
        "HIPAA 164.312()",
        "HIPAA 164.312(a)x",
        "GDPR Art. 5(b)(1)",
        "GDPR Art. 5(0)",
        "NIST SP 800-53 AC-3(a)",
        "NIST SP 800-53 AC-3(1)(2)",
        "PCI DSS 7.2.1(a)",
        "SOC 2 CC6.1(1)",
    ] {
        let error = find(written).unwrap_err();
        assert!(
            matches!(error, UnknownControl::Part { .. }),
            "{written}: {error:?}"
        );
    }
}
