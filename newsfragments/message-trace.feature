Our clients wrote the message trace that the genuine tools read (`MessageTrace`).
