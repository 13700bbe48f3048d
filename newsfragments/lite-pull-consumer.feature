`LitePullConsumer` is polled: queues are shared out or chosen, sought and paused; what was given is committed by itself or when told; and a seek is never lost, whatever is under way.
