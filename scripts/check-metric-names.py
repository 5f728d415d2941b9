#!/usr/bin/env python3
"""Checks that every metric that a rule or a dashboard names is one that somebody exports.

    scripts/check-metric-names.py [ROOT]
    scripts/check-metric-names.py --as-rules   prints the dashboards' expressions as rules, for
                                               promtool to read

What exists is read from where it is made: Swift's calls and catalogue, and the rules for Kafka's
JMX beans, which are tried on beans as a broker has them. Ends with 1 and a line for each name, or
each rule, that is wrong.
"""

import json
import pathlib
import re
import sys

from ruamel.yaml import YAML

# Of the gateway.
GATEWAY = {
    "http_client_request_duration_seconds_bucket", "http_client_request_duration_seconds_count",
    "flotilla_gateway_upstream_up", "flotilla_gateway_circuit_state",
    "flotilla_gateway_retries_total", "flotilla_rate_limit_decisions_total",
}

# What Prometheus says of its targets, and what the exporter says of Kafka's Java machine.
ELSEWHERE = {
    "up", "scrape_duration_seconds",
    "jvm_memory_used_bytes", "jvm_memory_max_bytes", "jvm_memory_committed_bytes",
    "jvm_gc_collection_seconds_count", "jvm_gc_collection_seconds_sum", "jvm_threads_current",
    "process_cpu_seconds_total", "process_open_fds", "process_max_fds",
    "process_resident_memory_bytes", "process_start_time_seconds",
}

# Beans of a broker of Kafka 3.9 in the exporter's spelling, one for each kind that is in use.
BEANS = """
kafka.server<type=BrokerTopicMetrics, name=MessagesInPerSec, topic=order.events><>Count
kafka.server<type=BrokerTopicMetrics, name=BytesInPerSec, topic=order.events><>Count
kafka.server<type=BrokerTopicMetrics, name=BytesOutPerSec, topic=order.events><>Count
kafka.server<type=BrokerTopicMetrics, name=BytesRejectedPerSec, topic=order.events><>Count
kafka.server<type=BrokerTopicMetrics, name=FailedProduceRequestsPerSec, topic=order.events><>Count
kafka.server<type=BrokerTopicMetrics, name=FailedFetchRequestsPerSec, topic=order.events><>Count
kafka.server<type=BrokerTopicMetrics, name=MessagesInPerSec><>Count
kafka.server<type=BrokerTopicMetrics, name=BytesInPerSec><>Count
kafka.server<type=BrokerTopicMetrics, name=BytesOutPerSec><>Count
kafka.server<type=BrokerTopicMetrics, name=FailedProduceRequestsPerSec><>Count
kafka.server<type=BrokerTopicMetrics, name=FailedFetchRequestsPerSec><>Count
kafka.server<type=ReplicaManager, name=UnderReplicatedPartitions><>Value
kafka.server<type=ReplicaManager, name=UnderMinIsrPartitionCount><>Value
kafka.server<type=ReplicaManager, name=PartitionCount><>Value
kafka.server<type=ReplicaManager, name=LeaderCount><>Value
kafka.server<type=ReplicaManager, name=OfflineReplicaCount><>Value
kafka.server<type=ReplicaManager, name=IsrShrinksPerSec><>Count
kafka.server<type=KafkaRequestHandlerPool, name=RequestHandlerAvgIdlePercent><>OneMinuteRate
kafka.server<type=raft-metrics><>current-state: leader
kafka.server<type=raft-metrics><>current-leader: 1.0
kafka.server<type=raft-metrics><>commit-latency-avg: 2.5
kafka.controller<type=KafkaController, name=ActiveControllerCount><>Value
kafka.controller<type=KafkaController, name=OfflinePartitionsCount><>Value
kafka.controller<type=KafkaController, name=ActiveBrokerCount><>Value
kafka.coordinator.group<type=GroupMetadataManager, name=NumGroups><>Value
kafka.network<type=RequestMetrics, name=RequestsPerSec, request=Produce, version=11><>Count
kafka.network<type=RequestMetrics, name=ErrorsPerSec, request=Produce, error=NONE><>Count
kafka.network<type=RequestMetrics, name=TotalTimeMs, request=Produce><>99thPercentile
kafka.network<type=RequestMetrics, name=RequestQueueTimeMs, request=Produce><>95thPercentile
kafka.network<type=RequestMetrics, name=LocalTimeMs, request=Produce><>50thPercentile
kafka.network<type=SocketServer, name=NetworkProcessorAvgIdlePercent><>Value
kafka.log<type=Log, name=Size, topic=order.events, partition=0><>Value
kafka.log<type=Log, name=LogStartOffset, topic=order.events, partition=0><>Value
kafka.log<type=Log, name=LogEndOffset, topic=order.events, partition=0><>Value
""".strip().splitlines()

# Words of PromQL that are no names.
KEYWORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless",
            "bool", "offset", "inf", "nan", "start", "end", "atan2"}


def swift_names(root):
    """What the program exports, as `PrometheusText.metricName` spells it."""
    kinds = {"Counter": "counter", "FloatingPointCounter": "counter", "Gauge": "gauge",
             "Meter": "gauge", "Recorder": "histogram", "Timer": "timer", "Metrics.Timer": "timer"}
    found = set()
    for path in [*root.glob("Modules/**/*.swift"), *root.glob("App/**/*.swift")]:
        text = path.read_text()
        calls = re.findall(r'\b((?:Metrics\.)?[A-Z]\w+)\(\s*label:\s*"([^"]+)"', text)
        found |= {(name, kinds[call]) for call, name in calls if call in kinds}
        described = re.findall(
            r'MetricDescription\(\s*name:\s*"([^"]+)",\s*kind:\s*\.(\w+)', text)
        found |= set(described)
        found |= {(name, "counter") for name in re.findall(r'overflowName = "([^"]+)"', text)}
    names = set()
    for name, kind in found:
        base = re.sub(r"[^a-zA-Z0-9_]", "_", name)
        suffix = {"counter": "_total", "timer": "_seconds"}.get(kind, "")
        exposed = base if base.endswith(suffix) else base + suffix
        if kind in ("timer", "histogram"):
            names |= {exposed + part for part in ("_bucket", "_sum", "_count")}
        else:
            names.add(exposed)
    return names


def kafka_names(root, problems):
    """What the exporter (1.0 and later) makes of the beans, after Prometheus's relabelling."""
    rules = YAML(typ="safe").load(root / "config/kafka-jmx-config.yml")["rules"]
    used, names = set(), set()
    for bean in BEANS:
        for index, rule in enumerate(rules):
            match = re.search(rule["pattern"], bean)
            if match:
                used.add(index)
                name = re.sub(r"\$(\d)", lambda group: match[int(group[1])], rule["name"])
                name = re.sub(r"[^a-z0-9_]", "_", name.lower())
                name = re.sub(r"(_total|_created|_bucket|_info)+$", "", name)
                names.add(name + "_total" if rule["type"] == "COUNTER" else name)
                break
        else:
            problems.append(f"config/kafka-jmx-config.yml: no rule fits {bean}")
    for index, rule in enumerate(rules):
        if index not in used:
            problems.append(f"config/kafka-jmx-config.yml: {rule['pattern']} fits no bean")
    for job in YAML(typ="safe").load(root / "config/prometheus.yml")["scrape_configs"]:
        for step in job.get("metric_relabel_configs", []):
            if step.get("target_label") == "__name__" and step["regex"] in names:
                names.remove(step["regex"])
                names.add(step["replacement"])
    return names


def names_in(expression):
    """The metrics that a PromQL expression reads."""
    text = re.sub(r'"(\\.|[^"\\])*"', '""', expression)
    text = re.sub(r"\{[^}]*\}", " ", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    text = re.sub(r"\[[^\]]*\]|\boffset\s+\S+", " ", text)
    words = re.findall(r"(?<![\w.$])([a-zA-Z_:][\w:]*)\b(?!\s*\()", text)
    return {word for word in words if word.lower() not in KEYWORDS}


def rule_expressions(path):
    for group in YAML(typ="safe").load(path)["groups"]:
        for rule in group["rules"]:
            yield rule.get("alert", rule.get("record")), rule["expr"]


def dashboard_expressions(path):
    def walk(node, title):
        if isinstance(node, dict):
            title = node.get("title", title)
            if isinstance(node.get("expr"), str):
                yield title, node["expr"]
            for value in node.values():
                yield from walk(value, title)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value, title)

    dashboard = json.loads(path.read_text())
    yield from walk(dashboard, path.stem)
    for variable in dashboard.get("templating", {}).get("list", []):
        query = variable.get("query")
        query = query.get("query", "") if isinstance(query, dict) else query or ""
        match = re.fullmatch(r"label_values\((.+),\s*\w+\)", query)
        if match:
            yield f"${variable['name']}", match[1]


def test_names(path):
    """The series that tests of rules make up must be possible, too."""
    for test in YAML(typ="safe").load(path)["tests"]:
        for series in test["input_series"]:
            yield test["name"], series["series"]


def as_rules(root):
    rules = []
    for path in sorted(root.glob("config/grafana/dashboards/*.json")):
        for _, expression in dashboard_expressions(path):
            text = expression.replace("$__rate_interval", "1m")
            rules.append({"record": f"dashboard:expression:{len(rules)}", "expr": text})
    return {"groups": [{"name": "dashboards", "rules": rules}]}


def main():
    if sys.argv[1:] == ["--as-rules"]:
        print(json.dumps(as_rules(pathlib.Path(__file__).parent.parent)))
        return 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    problems = []
    known = GATEWAY | ELSEWHERE | swift_names(root) | kafka_names(root, problems)
    sources = [(path, rule_expressions) for path in [root / "config/alerts.yml"]]
    sources += [(path, test_names) for path in sorted(root.glob("config/*.test.yml"))]
    sources += [(path, dashboard_expressions)
                for path in sorted(root.glob("config/grafana/dashboards/*.json"))]
    count = 0
    for path, expressions in sources:
        for place, expression in expressions(path):
            names = names_in(expression)
            if not names:
                problems.append(f"{path.relative_to(root)}: {place} reads no metric: {expression}")
            count += len(names)
            problems += [f"{path.relative_to(root)}: {place} reads {name}, which nobody exports"
                         for name in sorted(names - known)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"Rules and dashboards name metrics {count} times, and each is exported.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
