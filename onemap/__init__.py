"""The one map: vocabulary, spatial store, layers and engines. Knows nothing of HTTP."""
