import socket

from crm_project.serve import PromptConfig


def test_an_answer_is_not_held_back_for_an_acknowledgement():
    bound = PromptConfig("crm_project.asgi:application", host="127.0.0.1", port=0, workers=2).bind_socket()
    bound.listen()
    with bound, socket.create_connection(bound.getsockname()) as caller:
        answering, _address = bound.accept()
        with answering:
            assert answering.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        caller.close()
