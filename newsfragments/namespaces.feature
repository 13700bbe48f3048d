Clients could have a namespace: `ClientSettings(namespace=...)` keeps topics and groups apart as the Java clients' `setNamespace` does, and `announced_namespace` tells a gateway as `setNamespaceV2`.
