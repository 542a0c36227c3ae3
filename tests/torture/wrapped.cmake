# The calls of the library that tests/torture/faults.c stands before.
set(wrapped
    malloc calloc realloc strdup free newlocale
    socket connect recv send read write poll shutdown
    getsockopt setsockopt fcntl fstat stat access getaddrinfo getrandom
    eventfd epoll_create1 epoll_ctl timerfd_create
    zmq_ctx_new zmq_ctx_term zmq_socket zmq_bind zmq_connect zmq_getsockopt
    zmq_send zmq_recv
    uv_loop_init uv_async_init uv_thread_create uv_getaddrinfo
    lws_create_context lws_create_vhost lws_client_connect_via_info lws_write
    lws_http_client_read
    RAND_bytes EVP_Digest X509_STORE_new X509_STORE_load_file)
