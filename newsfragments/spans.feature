Sends and consumed messages of our clients were OpenTelemetry spans, whose context went along in the messages (`Spans`, extra `otel`).
