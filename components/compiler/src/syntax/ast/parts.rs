//! What nodes are made of.

use super::*;

fn child<N: AstNode>(node: &SyntaxNode) -> Option<N> {
    node.children().find_map(N::cast)
}

fn children<N: AstNode>(node: &SyntaxNode) -> impl Iterator<Item = N> + use<N> {
    node.children().filter_map(N::cast)
}

fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> + use<> {
    node.children_with_tokens()
        .filter_map(rowan::NodeOrToken::into_token)
        .filter(|token| !token.kind().is_trivia())
}

fn token(node: &SyntaxNode, kind: K) -> Option<SyntaxToken> {
    tokens(node).find(|token| token.kind() == kind)
}

macro_rules! accessors {
    ($($name:ident: $($(#[$doc:meta])* $accessor:ident -> $kind:ident $result:ident),+;)*) => {$(
        impl $name {
            $(accessors!(@ $(#[$doc])* $accessor $kind $result);)+
        }
    )*};
    (@ $(#[$doc:meta])* $accessor:ident token $kind:ident) => {
        $(#[$doc])*
        pub fn $accessor(&self) -> Option<SyntaxToken> {
            token(&self.0, K::$kind)
        }
    };
    (@ $(#[$doc:meta])* $accessor:ident one $node:ident) => {
        $(#[$doc])*
        pub fn $accessor(&self) -> Option<$node> {
            child(&self.0)
        }
    };
    (@ $(#[$doc:meta])* $accessor:ident many $node:ident) => {
        $(#[$doc])*
        pub fn $accessor(&self) -> impl Iterator<Item = $node> + use<> {
            children(&self.0)
        }
    };
}

accessors! {
    Root: /// Its blocks.
        items -> many Item;
    Package: /// Its name.
        name -> token Word, /// `PACKAGE`.
        keyword -> token PackageKeyword, /// Its fields.
        fields -> many Field;
    VersionField: /// The version in quotes.
        value -> one Literal;
    DefaultField: /// `DENY` or `ALLOW`.
        value -> token Word;
    Schema: /// Its attributes.
        attributes -> many Attribute;
    Attribute: /// Its name.
        name -> one Name, /// Its type.
        type_name -> one Type, /// `OPTIONAL`.
        optional -> token OptionalKeyword, /// What is read where it is absent.
        default -> one GivenValue;
    Import: /// The package's folder, in quotes.
        path -> one Literal;
    Class: /// Its name.
        name -> token Word, /// Its condition.
        body -> one Body;
    Parameter: /// Its name.
        name -> token Word, /// Its type.
        type_name -> one Type, /// What holds if no bundle sets it.
        default -> one GivenValue, /// What a bundle may set.
        range -> one Range;
    Range: /// The lowest and the highest value.
        bounds -> many Literal;
    Policy: /// Its name.
        name -> token Word, /// `POLICY`.
        keyword -> token PolicyKeyword, /// Its fields.
        fields -> many Field;
    Type: /// The values that ONE OF lists.
        list -> one List;
    Data: /// Its name.
        name -> token Word, /// The type of its members.
        type_name -> one Type, /// The path of its file, in quotes.
        path -> one Literal, /// Its members, if they stand here.
        list -> one List;
    DescriptionField: /// The sentence in quotes.
        value -> one Literal;
    ScopeField: /// The class, or `requests`.
        class -> token Word, /// The condition behind WHERE.
        body -> one Body;
    ConstraintField: /// The condition.
        body -> one Body;
    EnforcementField: /// The mode.
        value -> token Word;
    AuditField: /// The class of evidence.
        value -> token Word;
    ExceptionField: /// The way of overriding.
        value -> token Word;
    EffectiveField: /// When it begins to apply.
        from -> one From, /// When it ends to apply.
        until -> one Until;
    From: /// The first instant, in quotes.
        instant -> one Literal;
    Until: /// The first instant that is outside, in quotes.
        instant -> one Literal;
    OwnerField: /// The name in quotes.
        value -> one Literal;
    JustificationField: /// The sentence in quotes.
        value -> one Literal;
    SeverityField: /// The degree.
        value -> token Word;
    ControlsField: /// The controls, each in quotes.
        list -> one List;
    ReasonField: /// The template in quotes.
        value -> one Literal;
    ObligationField: /// What must be done.
        value -> one Obligation;
    Mask: /// What is hidden.
        path -> one Name, /// `WITH`.
        with -> token WithKeyword, /// What stands in its place, or how many characters stay.
        value -> one Literal;
    Filter: /// The list of rows.
        rows -> one Name, /// What holds for rows that stay.
        body -> one Body;
    Limit: /// How many, and in how much time.
        values -> many Literal, /// The attribute whose values are counted apart.
        key -> one Name;
    Notify: /// Who is told, and what.
        texts -> many Literal;
    AcknowledgeField: /// The kind of finding.
        kind -> token Word, /// The other policy or the attribute that the finding is about.
        with -> one Name, /// Why it stays.
        because -> one Because;
    Test: /// What it shows, in quotes.
        title -> one Literal, /// `TEST`.
        keyword -> token TestKeyword, /// What holds in all its cases.
        givens -> many Given, /// The time of all its cases.
        clocks -> many Clock, /// Its cases.
        cases -> many Case, /// What is decided if it has no cases.
        expects -> many Expect;
    Fixture: /// Its name.
        name -> token Word, /// Its values.
        settings -> many Setting, /// Its time.
        clocks -> many Clock;
    Given: /// The fixture that it begins with.
        fixture -> token Word, /// Its values.
        settings -> many Setting, /// Its time.
        clocks -> many Clock;
    Setting: /// The attribute.
        name -> one Name, /// What it is.
        value -> one GivenValue;
    Unavailable: /// `ABSENT` or `FAILED`.
        word -> token Word, /// Why it failed.
        reason -> one Literal;
    Clock: /// The time in quotes.
        value -> one Literal;
    Case: /// `CASE`.
        keyword -> token CaseKeyword, /// What it is about, in quotes.
        title -> one Literal, /// Its values.
        settings -> many Setting, /// Its time.
        clocks -> many Clock, /// What is decided.
        expects -> many Expect;
    Expect: /// `ALLOW` or `DENY`.
        verdict -> token Word, /// Which policy decides.
        by -> one By, /// What the reason says.
        because -> one Because, /// What must be done with the response.
        obliging -> many Obliging;
    Because: /// A part of the reason, or a reason.
        text -> one Literal;
    Obliging: /// What it is about, if that has a name.
        name -> one Name, /// Who is told.
        text -> one Literal;
    Body: /// The condition.
        condition -> one Condition;
    Or: /// What OR joins.
        parts -> many Condition;
    And: /// What AND joins.
        parts -> many Condition;
    Not: /// What is negated.
        part -> one Condition;
    Paren: /// What stands in the parentheses.
        part -> one Condition;
    Comparison: /// Left and right.
        operands -> many Operand;
    Membership: /// Left and right.
        operands -> many Operand, /// `NOT`.
        negation -> token NotKeyword;
    Containment: /// Left and right.
        operands -> many Operand, /// `ANY`.
        any -> token AnyKeyword, /// `ALL`.
        all -> token AllKeyword;
    Affixing: /// Left and right.
        operands -> many Operand, /// `ENDS`.
        ends -> token EndsKeyword;
    Matching: /// Left and right.
        operands -> many Operand, /// `NOT`.
        negation -> token NotKeyword, /// `LIKE`.
        like -> token LikeKeyword;
    Location: /// Left and right.
        operands -> many Operand;
    During: /// The instant.
        operand -> one Operand, /// The part of the week or of the day.
        window -> one Window, /// Whose clocks tell.
        zone -> one Zone;
    Window: /// Its first and its last day, the days, or two times of day.
        ends -> many Operand;
    Zone: /// The name in quotes.
        name -> one Literal;
    Presence: /// What is asked for.
        operand -> one Operand, /// `NOT`.
        negation -> token NotKeyword;
    Bare: /// What stands for itself.
        operand -> one Operand;
    List: /// Its members.
        members -> many Operand;
    Product: /// What `*` joins.
        factors -> many Operand;
    Negative: /// What is negated.
        operand -> one Operand;
    Group: /// What stands in the parentheses.
        operand -> one Operand;
}

impl Data {
    /// The path of its file, if it is written properly.
    pub fn file(&self) -> Option<String> {
        let (_, token) = self.path()?.token()?;
        crate::syntax::literal::text(token.text())
            .ok()
            .filter(|_| token.kind() == K::Text)
    }
}

impl Type {
    /// The words, joined by single spaces.
    pub fn words(&self) -> String {
        let words: Vec<SyntaxToken> = tokens(&self.0).collect();
        words.iter().map(|word| word.text()).collect::<Vec<_>>().join(" ")
    }
}

impl Obliging {
    /// `MASK`, `FILTER`, `LIMIT` or `NOTIFY`, behind the word `OBLIGING`.
    pub fn verb(&self) -> Option<SyntaxToken> {
        tokens(&self.0).nth(1).filter(|token| token.kind() == K::Word)
    }
}

impl By {
    /// The policy's name, behind the word `BY`.
    pub fn policy(&self) -> Option<SyntaxToken> {
        tokens(&self.0).nth(1).filter(|token| token.kind() == K::Word)
    }
}

impl Comparison {
    /// The operator between the operands.
    pub fn operator(&self) -> Option<SyntaxToken> {
        tokens(&self.0).next()
    }
}

impl Sum {
    /// What `+` and `-` join, each with the operator before it; the first has none.
    pub fn terms(&self) -> Vec<(Option<SyntaxToken>, Operand)> {
        let mut operator = None;
        let mut terms = Vec::new();
        for element in self.0.children_with_tokens() {
            match element {
                rowan::NodeOrToken::Token(token) if matches!(token.kind(), K::Plus | K::Minus) => {
                    operator = Some(token);
                }
                rowan::NodeOrToken::Token(_) => {}
                rowan::NodeOrToken::Node(node) => {
                    terms.extend(Operand::cast(node).map(|operand| (operator.take(), operand)));
                }
            }
        }
        terms
    }
}

impl Name {
    /// The name, if it is one that attributes can have.
    pub fn token(&self) -> Option<SyntaxToken> {
        let mut all = self
            .0
            .children_with_tokens()
            .filter(|element| !element.kind().is_trivia());
        let first = all.next().and_then(rowan::NodeOrToken::into_token);
        let alone = all.next().is_none();
        first.filter(|token| alone && matches!(token.kind(), K::Word | K::DottedWord))
    }
}

impl Literal {
    /// The token that says the value, and whether `-` stands before it.
    pub fn token(&self) -> Option<(bool, SyntaxToken)> {
        let mut tokens = tokens(&self.0);
        let first = tokens.next()?;
        if first.kind() == K::Minus {
            tokens.next().map(|token| (true, token))
        } else {
            Some((false, first))
        }
    }
}
