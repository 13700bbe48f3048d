After a failed sync the file store wrote what was not synced once more, verified, before it took messages again, instead of staying closed until a restart.
