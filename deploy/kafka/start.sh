#!/bin/sh
# Formats the log's directory, the first time, and starts the broker with the exporter.
set -eu

properties=/etc/kafka-flotilla/server.properties
# The root of the file system is read-only; logs go to standard output.
export LOG_DIR=/tmp
export KAFKA_LOG4J_OPTS="-Dlog4j.configuration=file:/opt/flotilla/log4j.properties"

# Without `-loggc`: a gigabyte of logs of the collector would fill the memory that /tmp is.
export EXTRA_ARGS="-name kafkaServer"

/opt/kafka/bin/kafka-storage.sh format --ignore-formatted \
    --cluster-id "$CLUSTER_ID" --config "$properties"

# For the server alone: a tool that inherited this could not bind the port a second time.
export KAFKA_OPTS="-javaagent:/opt/jmx/jmx_prometheus_javaagent.jar=7071:/etc/kafka-flotilla/jmx.yml"
exec /opt/kafka/bin/kafka-server-start.sh "$properties"
