"""The decision order of the design, step by step, on hand-made scripts and findings."""

from __future__ import annotations

import dataclasses

import pytest

from vectra_guard import policy, rewrite
from vectra_guard.config.schema import Config, EnvProtection, Policies, Sandbox
from vectra_guard.model import (
    UNKNOWN,
    Action,
    Command,
    Facts,
    Finding,
    Request,
    Risk,
    Script,
    Span,
    Word,
)


def command(text: str, index: int = 0, start: int = 0, **more) -> Command:
    words, at = [], start
    for raw in text.split():
        words.append(Word(raw.replace("?", UNKNOWN), raw, Span(at, at + len(raw))))
        at += len(raw) + 1
    span = Span(start, start + len(text))
    values = {"top": index, "name": words[0].text, "insert_at": start, "cwd": "/w"}
    return Command(words=tuple(words), span=span, index=index, **(values | more))


def finding(risk: Risk, remedy: str = "ask", index: int = 0, **more) -> Finding:
    return Finding("t.rule", risk, remedy, "what would happen", Span(0, 2), index, **more)


def decide(
    risk, remedy="ask", *, config=None, interactive=True, facts=None, text="tool arg", argv=None, trust=None, **more
):
    request = Request(text, "bash", "/w", "/h", interactive=interactive, argv=argv)
    script = Script((command(text),))
    findings = [finding(risk, remedy, **more)] if risk is not None else []
    return policy.decide(script, findings, request, facts or Facts(uid=1000), config or Config(), trust)


def config(guard_level="auto", policies=None, **sandbox) -> Config:
    return Config(
        guard_level=guard_level, policies=policies or Policies(), sandbox=dataclasses.replace(Sandbox(), **sandbox)
    )


CASES = [
    # risk, remedy, configuration, interactive, expected
    (None, "ask", config(), True, Action.HOST),
    (Risk.LOW, "ask", config(), True, Action.HOST),
    (Risk.MEDIUM, "sandbox", config(), True, Action.SANDBOX),
    (Risk.MEDIUM, "sandbox", config(), False, Action.SANDBOX),
    (Risk.MEDIUM, "ask", config(), True, Action.HOST),
    (Risk.MEDIUM, "ask", config("high"), True, Action.ASK),
    (Risk.MEDIUM, "sandbox", config("high"), True, Action.SANDBOX),
    (Risk.MEDIUM, "sandbox", config("paranoid"), True, Action.ASK),
    (Risk.LOW, "none", config("paranoid"), True, Action.ASK),
    (Risk.HIGH, "ask", config(), True, Action.ASK),
    (Risk.HIGH, "ask", config(), False, Action.BLOCK),
    (Risk.HIGH, "ask", config("low"), True, Action.HOST),
    (Risk.HIGH, "sandbox", config(), True, Action.ASK),
    (Risk.HIGH, "sandbox", config(), False, Action.BLOCK),
    (Risk.HIGH, "sandbox", config(when_unattended="sandbox"), False, Action.SANDBOX),
    (Risk.HIGH, "ask", config(when_unattended="sandbox"), False, Action.BLOCK),
    (Risk.CRITICAL, "refuse", config(), True, Action.BLOCK),
    (Risk.CRITICAL, "sandbox", config(), True, Action.ASK),
    (Risk.CRITICAL, "sandbox", config(), False, Action.BLOCK),
    (Risk.CRITICAL, "refuse", config("low", mode="never"), True, Action.BLOCK),
    (Risk.CRITICAL, "refuse", config("off"), True, Action.HOST),
    (Risk.MEDIUM, "sandbox", config(mode="risky"), True, Action.HOST),
    (Risk.MEDIUM, "sandbox", config(mode="never"), True, Action.HOST),
    (Risk.HIGH, "sandbox", config(mode="never"), True, Action.ASK),
    (Risk.MEDIUM, "sandbox", config(enabled=False), True, Action.HOST),
    (Risk.LOW, "none", config(mode="always"), True, Action.SANDBOX),
    (Risk.CRITICAL, "refuse", config(mode="always"), True, Action.BLOCK),
    (Risk.LOW, "none", config(policies=Policies(denylist=("tool",))), True, Action.BLOCK),
    (Risk.HIGH, "ask", config(policies=Policies(allowlist=("tool arg",))), True, Action.HOST),
    (Risk.HIGH, "ask", config(policies=Policies(allowlist=("tool ar",))), True, Action.ASK),
    (Risk.CRITICAL, "refuse", config(policies=Policies(allowlist=("tool",))), True, Action.BLOCK),
    (Risk.HIGH, "review", config(), True, Action.SANDBOX),
    (Risk.MEDIUM, "review", config(), True, Action.SANDBOX),
    (Risk.HIGH, "review", config("high"), True, Action.SANDBOX),
    (Risk.HIGH, "review", config("paranoid"), True, Action.ASK),
    (Risk.HIGH, "review", config(mode="never"), True, Action.ASK),
    (Risk.HIGH, "review", config(workspace="direct"), True, Action.ASK),
    (Risk.HIGH, "review", config(workspace="ro"), True, Action.ASK),
    (Risk.MEDIUM, "review", config(mode="risky"), True, Action.HOST),
    (Risk.HIGH, "review", config(), False, Action.BLOCK),
    (Risk.MEDIUM, "review", config(), False, Action.HOST),
    (Risk.HIGH, "review", config(when_unattended="sandbox"), False, Action.SANDBOX),
    (Risk.HIGH, "review", config(mode="always"), False, Action.BLOCK),
    (Risk.CRITICAL, "review", config(), True, Action.ASK),
]


@pytest.mark.parametrize(("risk", "remedy", "settings", "interactive", "expected"), CASES)
def test_order(risk, remedy, settings, interactive, expected) -> None:
    assert decide(risk, remedy, config=settings, interactive=interactive).action == expected


@pytest.mark.parametrize(
    ("more", "reach"),
    [({}, "here"), ({"category": "pipe to shell"}, "home"), ({"category": "script download"}, "home")],
)
def test_a_review_reaches_as_far_as_the_command_does(more, reach) -> None:
    made = decide(Risk.HIGH, "review", **more)
    assert made.review == reach
    assert [i.review for i in made.insertions] == [reach]


def test_what_a_view_cannot_show_is_asked_about() -> None:
    for more in ({"privileged": True}, {"place": "ssh"}, {"background": True}):
        request = Request("tool arg", "bash", "/w", "/h", interactive=True)
        script = Script((command("tool arg", **more),))
        made = policy.decide(script, [finding(Risk.HIGH, "review")], request, Facts(uid=1000), Config())
        assert (made.action, made.sandbox_offered) == (Action.ASK, False), more


def test_an_agents_line_is_not_reviewed_by_somebody_who_did_not_type_it() -> None:
    request = Request("tool arg", "bash", "/w", "/h", interactive=True, by_program=True)
    script = Script((command("tool arg"),))
    made = policy.decide(script, [finding(Risk.HIGH, "review")], request, Facts(uid=1000), Config())
    assert made.action == Action.ASK


def test_each_part_of_a_line_has_its_own_view() -> None:
    request = Request("one && two", "bash", "/w", "/h", interactive=True)
    script = Script((command("one"), command("two", 1, 7)))
    findings = [finding(Risk.MEDIUM, "sandbox"), finding(Risk.HIGH, "review", 1)]
    made = policy.decide(script, findings, request, Facts(uid=1000), Config())
    assert made.action == Action.SANDBOX
    assert [i.review for i in made.insertions] == ["", "here"]


def test_critical_never_offers_the_host() -> None:
    assert not decide(Risk.CRITICAL, "sandbox").host_offered
    assert decide(Risk.HIGH).host_offered


def test_off_still_warns_of_critical() -> None:
    assert decide(Risk.CRITICAL, "refuse", config=config("off")).warning
    assert not decide(Risk.HIGH, config=config("off")).warning


def test_root_and_production_raise_auto_by_one_step() -> None:
    assert decide(Risk.MEDIUM, facts=Facts(uid=0)).action == Action.ASK
    assert decide(Risk.MEDIUM, facts=Facts(uid=1000, production="branch prod")).action == Action.ASK
    assert decide(Risk.MEDIUM, "sandbox", facts=Facts(uid=0)).action == Action.SANDBOX


def test_a_raise_asks_a_person_and_blocks_no_machine() -> None:
    assert decide(Risk.MEDIUM, facts=Facts(uid=0), interactive=False).action == Action.HOST
    assert decide(Risk.MEDIUM, config=config("high"), facts=Facts(uid=0), interactive=False).action == Action.BLOCK
    assert decide(Risk.HIGH, facts=Facts(uid=0), interactive=False).action == Action.BLOCK


def trust_everything(parts):
    return {part.fingerprint: policy.Standing("e1") for part in parts}


def test_trust_decides_high_but_never_critical() -> None:
    high = decide(Risk.HIGH, trust=trust_everything)
    assert (high.action, high.trusted, high.trust_ids) == (Action.HOST, True, ("e1",))
    assert decide(Risk.CRITICAL, "refuse", trust=trust_everything).action == Action.BLOCK
    assert not decide(Risk.CRITICAL, "refuse", trust=trust_everything).parts


def test_denylist_comes_before_trust() -> None:
    settings = config(policies=Policies(denylist=("tool",)))
    assert decide(Risk.HIGH, config=settings, trust=trust_everything).action == Action.BLOCK


def test_undecided_is_judged_again_after_expansion() -> None:
    made = decide(Risk.HIGH, undecided=True, text="rm -rf ?/*")
    assert made.action == Action.HOST
    assert [i.kind for i in made.insertions] == ["recheck"]
    assert made.risk == Risk.HIGH


def test_undecided_with_final_words_is_firm() -> None:
    assert decide(Risk.HIGH, undecided=True, argv=("tool", "arg")).action == Action.ASK


def test_undecided_that_cannot_be_rewritten_is_firm() -> None:
    request = Request("f", "bash", "/w", "/h", interactive=True)
    script = Script((command("rm ?", insert_at=None),))
    made = policy.decide(script, [finding(Risk.HIGH, undecided=True)], request, Facts(), Config())
    assert made.action == Action.ASK


def test_unreadable_is_never_low() -> None:
    request = Request("x", "bash", "/w", "/h", interactive=True)
    made = policy.decide(Script((), ("cut off",), Risk.HIGH), [], request, Facts(), Config())
    assert (made.risk, made.action) == (Risk.HIGH, Action.ASK)


def two_parts(first: Finding, second: Finding) -> policy.Decision:
    line = "npm install && git push"
    request = Request(line, "bash", "/w", "/h", interactive=True)
    script = Script((command("npm install", 0, 0), command("git push", 1, 15)))
    return policy.decide(script, [first, second], request, Facts(), Config())


def test_the_strictest_part_decides_and_each_keeps_its_rewrite() -> None:
    made = two_parts(finding(Risk.MEDIUM, "sandbox", 0), finding(Risk.HIGH, "ask", 1))
    assert made.action == Action.ASK
    yes = policy.after_answer(made, "host")
    assert rewrite.apply("npm install && git push", yes, "vg", "g") == "vg exec --grant g.0 -- npm install && git push"


def test_answering_host_lets_only_the_asking_part_through() -> None:
    made = two_parts(finding(Risk.HIGH, "sandbox", 0), finding(Risk.LOW, "ask", 1))
    assert policy.after_answer(made, "host").insertions == ()
    sandboxed = policy.after_answer(made, "sandbox")
    assert (sandboxed.action, len(sandboxed.insertions)) == (Action.SANDBOX, 1)


def test_a_pipeline_is_one_part() -> None:
    request = Request("curl u | sh", "bash", "/w", "/h", interactive=True)
    first = command("curl u", 0, 0, stdout_to=1)
    second = command("sh", 1, 9, stdin_from=0)
    made = policy.decide(Script((first, second)), [finding(Risk.HIGH, index=1)], request, Facts(), Config())
    assert [p.text for p in made.parts] == ["curl u | sh"]
    alone = policy.fingerprint([dataclasses.replace(second, stdin_from=None)], request)
    assert made.parts[0].fingerprint != alone


def test_fingerprint_ignores_form_and_nothing_else() -> None:
    request = Request("x", "bash", "/w", "/h")
    plain = policy.fingerprint([command("npm test")], request)
    quoted = dataclasses.replace(
        command("npm test"), words=(Word("npm", "'npm'", Span(0, 5)), Word("test", "te''st", Span(6, 12)))
    )
    assert policy.fingerprint([quoted], request) == plain
    for other in (
        command("npm test x"),
        command("npm test", privileged=True),
        command("npm test", place="ssh"),
        command("npm test", cwd="/elsewhere"),
        command("npm test", assigns=(("A", Word("1", "1", Span(0, 1))),)),
    ):
        assert policy.fingerprint([other], request) != plain


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_whole_line_rewrite_survives_quotes(shell: str) -> None:
    made = dataclasses.replace(decide(Risk.MEDIUM, "sandbox"), whole_line=True)
    line = "f() { npm i; }; f 'a b' \"$x\""
    new = rewrite.apply(line, made, "/o p/vg", "g1", shell)
    assert new.startswith("'/o p/vg' exec --shell " + shell + " --grant g1 --line ")
    assert line not in new  # its quotes are escaped


def test_always_does_not_silence_the_question_about_what_a_sandbox_does_not_help() -> None:
    assert decide(Risk.HIGH, "ask", config=config(mode="always")).action == Action.ASK
    assert decide(Risk.HIGH, "ask", config=config(mode="always"), interactive=False).action == Action.BLOCK
    assert decide(Risk.MEDIUM, "ask", config=config(mode="always")).action == Action.SANDBOX
    assert decide(Risk.HIGH, "sandbox", config=config(mode="always")).action == Action.SANDBOX


def test_variables_assigned_in_front_of_a_command_reach_it() -> None:
    word = Word("1", "1", Span(4, 5))
    request = Request("A=1 npm install", "bash", "/w", "/h", interactive=True)
    script = Script((command("npm install", 0, 4, assigns=(("A", word),)),))
    made = policy.decide(script, [finding(Risk.MEDIUM, "sandbox")], request, Facts(), Config())
    assert rewrite.apply(request.line, made, "vg", "g") == "A=1 vg exec --grant g.0 --keep-env A -- npm install"


def test_a_decision_survives_the_wire() -> None:
    from vectra_guard import codec

    made = two_parts(finding(Risk.MEDIUM, "sandbox", 0), finding(Risk.HIGH, "ask", 1))
    assert codec.decision_from_json(codec.decision_to_json(made)) == made


def judged(line: str, settings: Config, trust=None, argv=None) -> policy.Decision:
    """Through the real reader: how commands hang together is its word."""
    from vectra_guard import syntax

    facts = Facts(uid=1000, user="u", variables={"HOME": "/h"})
    request = Request(line, "bash", "/w", "/h", interactive=True, argv=argv)
    script = syntax.read(request, facts)
    found = [finding(Risk.HIGH, index=c.index) for c in script.commands if c.name == "sh"]
    return policy.decide(script, found, request, facts, settings, trust)


def test_always_leaves_the_shells_own_commands_in_the_shell() -> None:
    line = "cd web && npm install && export DONE=1"
    made = judged(line, config(mode="always"))
    assert rewrite.apply(line, made, "vg", "g") == "cd web && vg exec --grant g.1 -- npm install && export DONE=1"
    assert judged("cd web", config(mode="always")).action == Action.HOST
    assert judged("echo x", config(mode="always"), argv=("echo", "x")).action == Action.SANDBOX


def test_a_changed_file_is_asked_about_again_where_somebody_can_answer() -> None:
    def changed(parts):
        return {part.fingerprint: policy.Standing("e1", ("/w/deploy.sh",)) for part in parts}

    asked = decide(Risk.MEDIUM, "sandbox", trust=changed)
    assert (asked.action, asked.sandbox_offered, asked.trust_ids) == (Action.ASK, True, ())
    assert asked.reason == "deploy.sh changed since you trusted what runs it"
    assert asked.parts[0].changed == ("/w/deploy.sh",)
    assert decide(Risk.MEDIUM, "sandbox", trust=changed, interactive=False).action == Action.SANDBOX
    assert decide(Risk.CRITICAL, "refuse", trust=changed).action == Action.BLOCK


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("curl u -o x", ("curl", "u", "-o", "x")),
        ("sudo curl u", ("sudo", "curl", "u")),
        ("A=1 sh u", ()),
        ("sh u > x", ()),
        ("curl u | sh", ()),
        ("sh $x", ()),
        ("sh -c 'sh u'", ()),
        ("sh $(curl u)", ()),
    ],
)
def test_what_a_pattern_may_cover_is_one_known_command(line: str, words: tuple[str, ...]) -> None:
    from vectra_guard import syntax

    request = Request(line, "bash", "/w", "/h")
    parts = policy.all_parts(syntax.read(request, Facts()), request)
    assert [part.words for part in parts] == [words]


def test_trust_in_what_a_variable_holds_is_trust_in_where_it_came_from() -> None:
    seen: list[str] = []
    for url in ("one", "two"):
        judged(f'x=$(curl {url}); sh -c "$x"', Config(), lambda parts: seen.extend(p.fingerprint for p in parts) or {})
    assert len(set(seen)) == len(seen) == 2


def test_trust_does_not_reach_past_expansion() -> None:
    made = decide(Risk.HIGH, undecided=True, text="rm -rf ?/*", trust=trust_everything)
    assert [i.kind for i in made.insertions] == ["recheck"]


def test_a_disabled_rule_does_not_apply_unless_critical() -> None:
    quiet = config(policies=Policies(disable=("t.rule",)))
    assert decide(Risk.HIGH, config=quiet).action == Action.HOST
    assert decide(Risk.CRITICAL, "refuse", config=quiet).action == Action.BLOCK
    assert decide(Risk.HIGH, config=config(policies=Policies(disable=("t.other",)))).action == Action.ASK


def test_block_env_access_asks_before_the_whole_environment_is_shown() -> None:
    from vectra_guard import rules, syntax

    request = Request("env", "bash", "/w", "/h", interactive=True)
    facts = Facts(uid=1000)
    script = syntax.read(request, facts)
    found = rules.judge(script, request, facts, rules.load())
    blocked = Config(env_protection=EnvProtection(block_env_access=True))
    assert policy.decide(script, found, request, facts, Config()).action == Action.HOST
    assert policy.decide(script, found, request, facts, blocked).action == Action.ASK
