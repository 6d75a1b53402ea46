/** Chinese for what remains: merge, inspect, verify, bench, list, setup, doctor, config, completion. By the English text. */
export const machineTexts: Readonly<Record<string, string>> = {
  'merge an adapter into its model, or several models into one': '把适配器合并进模型，或把多个模型合并为一个',
  "folder of a model; or mergekit's YAML: linear, slerp, task_arithmetic, ties, dare_linear, dare_ties":
    '模型目录；或 mergekit 的 YAML：linear、slerp、task_arithmetic、ties、dare_linear、dare_ties',
  'adapter to put into the model: its folder, or that of a run': '要合并进模型的适配器：其目录，或训练目录',
  'folder of the merged model': '合并后的模型目录',
  'of what DARE drops (default: 0)': 'DARE 随机丢弃的种子（默认：0）',
  'of an adapter that was trained over four bits: into these, made floats again':
    '用于在 4 比特模型上训练的适配器：合并进还原为浮点的权重',
  'show the architecture, its sizes and its memory': '显示模型结构、各部分大小和内存',
  'folder of a model, a run or a corpus, or the name of a model that was pulled':
    '模型、训练或语料的目录，或已下载模型的名称',
  'print everything as JSON': '以 JSON 输出全部内容',
  'compare a model, a tokenizer, word vectors, schedules, logits processors, objectives, metrics or evaluations with recorded results':
    '把模型、分词器、词向量、学习率调度、logits 处理器、训练目标、指标或评测与记录的结果比较',
  'each a folder of a model, a tokenizer, word vectors or recorded fine-tuning, with golden.json, a run of lm-evaluation-harness, or a file of recorded schedules, logits processors, objectives, metrics or statistics':
    '每项为带 golden.json 的模型、分词器、词向量或微调记录的目录，lm-evaluation-harness 的结果目录，或学习率调度、logits 处理器、训练目标、指标、统计的记录文件',
  'print every comparison as JSON': '以 JSON 输出每项比较',
  'measure speed on this machine': '测量本机的速度',
  "time training steps, and the same step's matrix products alone": '测量训练步的用时，以及同样一步中单独的矩阵乘法',
  'model family': '模型系列',
  'Transformer blocks': 'Transformer 层数',
  width: '隐藏维度',
  'attention heads': '注意力头数',
  'vocabulary size': '词表大小',
  'sequences in a batch': '每批的序列数',
  'tokens in a sequence': '每个序列的词元数',
  'matrix products': '矩阵乘法的精度',
  'steps that are timed': '计时的步数',
  'alternating with plain PyTorch (TSLM_PYTHON names its Python)':
    '与原生 PyTorch 交替测量（TSLM_PYTHON 指定其 Python）',
  'the peer by torch.compile': '对照的 PyTorch 使用 torch.compile',
  'sweep context (with constant tokens a step), batch or model size':
    '依次改变上下文（每步词元数不变）、批大小或模型大小',
  'time the prefill of a prompt, and its matrix products alone': '测量提示的预填充用时，以及其中单独的矩阵乘法',
  'tokens in the prompt': '提示的词元数',
  weights: '权重',
  'prompts that are timed': '计时的提示数',
  'time greedy decoding, beside reading the weights from memory once a token':
    '测量贪心解码的用时，并与每词元读一遍权重的用时相比',
  'tokens to decode, the first of which the prompt gives': '要解码的词元数，第一个由提示给出',
  'texts that are timed': '计时的文本数',
  'time encoding, and one pass over the characters': '测量编码的用时，以及遍历一遍字符的用时',
  "text files, .gz and .zst too (default: the project's own text)":
    '文本文件，也可为 .gz、.zst（默认：本项目自己的文本）',
  'tokenizer.json, or a folder that holds one (default: one trained on the text)':
    'tokenizer.json，或包含它的目录（默认：在文本上训练一个）',
  'how text is split, for training': '训练分词器时如何切分文本',
  'tokens in all, for training': '训练分词器时的词元总数',
  'rounds, the fastest of which counts': '轮数，取最快的一轮',
  'alternating with the npm package tokenizers': '与 npm 包 tokenizers 交替测量',
  'time single operators, and what memory and large products would allow (sizes that fit a cache may do better)':
    '测量单个算子的用时，以及内存和大矩阵乘法所能达到的速度（能放进缓存的规模可能更快）',
  'rows of the activations': '激活的行数',
  'columns of the activations': '激活的列数',
  'classes of the cross-entropy': '交叉熵的类别数',
  'how long each is measured': '每项测量多长时间',
  'corpora, models, runs and results of a folder': '列出目录中的语料、模型、训练和结果',
  'where to look, and in its corpora/, models/, runs/ and results/':
    '查找的目录，包括其中的 corpora/、models/、runs/ 和 results/',
  'find libtorch, and take or compile the native bridge to it': '查找 libtorch，并取用或编译到它的原生桥接',
  "libtorch, or Python's torch, in this folder": '此目录中的 libtorch，或 Python 的 torch',
  'fetch torch with pip into the cache of this user, and use that': '用 pip 把 torch 下载到本用户的缓存中并使用它',
  'check the installation and measure this machine': '检查安装情况，并测量本机',
  'defaults of options from tslm.yaml, package.json, ~/.config/tslm/config.yaml and the environment':
    '来自 tslm.yaml、package.json、~/.config/tslm/config.yaml 和环境变量的选项默认值',
  'what is set, and by which file or variable; of a command all its options':
    '已设置的默认值，以及由哪个文件或变量设置；给出命令时列出它的全部选项',
  'such as serve, or tokenizer train': '例如 serve，或 tokenizer train',
  'print a script that completes commands and options in a shell': '输出用于 shell 自动补全命令和选项的脚本',
};
