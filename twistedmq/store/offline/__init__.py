"""Reading stores that no broker holds, whole or damaged: what ``rmq store`` does."""
